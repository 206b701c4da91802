-- How far the holders of open rewards are with what their offers ask, by the end of $as_of.
-- grain: reward_no · money in 1e-6 USDT; reads open_rewards, listed_markets, user_days, spot_trades, contract_trades, users
-- Days count whole, in the user's favour: that of the promise (since_on) counts, that on which the lock ends does not; what comes in and
-- goes out on one day stands against each other.
-- Volume on listed markets is of own fills only, as everywhere; without a list it is that of user_days.
with days as (
    select
        r.reward_no, d.day,
        cast(d.deposit_usdt - d.withdrawal_usdt as bigint) as net_usdt,
        cast(
            case when r.product <> 'contract' then d.spot_volume_usdt else 0 end
            + case when r.product <> 'spot' then d.contract_volume_usdt else 0 end as bigint
        ) as volume_usdt
    from open_rewards as r
    inner join user_days as d on r.user_no = d.user_no
    where d.day >= r.since_on and d.day <= $as_of
),
running as (
    select
        reward_no, day, volume_usdt,
        cast(sum(net_usdt) over (
            partition by reward_no order by day rows between unbounded preceding and current row
        ) as bigint) as running_usdt
    from days
),
moved as (
    select
        w.reward_no,
        max(w.day) as last_on,
        min(case when w.day >= r.granted_on and w.day < r.lock_until_on then w.running_usdt end) as lowest_usdt,
        cast(sum(w.volume_usdt) as bigint) as volume_usdt,
        cast(sum(case when w.day >= r.granted_on then w.volume_usdt else 0 end) as bigint) as wagered_usdt
    from running as w
    inner join open_rewards as r on w.reward_no = r.reward_no
    group by w.reward_no
),
standing as (
    select w.reward_no, w.running_usdt
    from running as w
    inner join moved as m on w.reward_no = m.reward_no and w.day = m.last_on
),
fills as (
    select user_no, market, 'spot' as product, executed_at, notional_usdt
    from spot_trades
    union all
    select user_no, market, 'contract' as product, executed_at, notional_usdt
    from contract_trades
    where fill_type = 'normal'
),
listed as (
    select
        r.reward_no,
        cast(sum(f.notional_usdt) as bigint) as volume_usdt,
        cast(sum(case when f.executed_at >= r.granted_from then f.notional_usdt else 0 end) as bigint) as wagered_usdt
    from open_rewards as r
    inner join listed_markets as l on r.offer_no = l.offer_no
    inner join fills as f on r.user_no = f.user_no and l.market = f.market
    where f.executed_at >= r.since_from and f.executed_at < $to_at and (r.product = '' or r.product = f.product)
    group by r.reward_no
)
select
    r.reward_no,
    u.kyc_level,
    coalesce(s.running_usdt, 0) as net_deposit_usdt,
    m.lowest_usdt,
    coalesce(case when r.has_markets then l.volume_usdt else m.volume_usdt end, 0) as volume_usdt,
    coalesce(case when r.has_markets then l.wagered_usdt else m.wagered_usdt end, 0) as wagered_usdt
from open_rewards as r
inner join users as u on r.user_no = u.user_no
left join moved as m on r.reward_no = m.reward_no
left join standing as s on r.reward_no = s.reward_no
left join listed as l on r.reward_no = l.reward_no
