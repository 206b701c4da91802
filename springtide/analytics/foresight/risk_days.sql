-- What speaks against the volume that users traded on $day, their highest leverage, and the rewards they were granted.
-- grain: user_no, day · money in 1e-6 USDT · the day is [$from_at, $to_at); users of whom there is nothing to say have no row
-- reads spot_trades, contract_trades, users, clusters, user_days
-- To and fro: the fills of two users with each other in one market, each within an hour of the one before, are a round; a round in which
-- what is left of bought and sold is at most $net_percent % of both together is counted whole. Market makers trade with everybody and are
-- nobody's partner. Hedged: a fill that opens a position, and on another account of the same cluster one that opens the opposite in the
-- same market within five minutes. Clusters of more than $most_linked users, or linked by hubs alone, are no evidence.
with fills as (
    select user_no, event_id, executed_at, market, side, notional_usdt, counterparty_user_id
    from spot_trades
    where executed_at >= $from_at and executed_at < $to_at
    union all
    select user_no, event_id, executed_at, market, side, notional_usdt, counterparty_user_id
    from contract_trades
    where executed_at >= $from_at and executed_at < $to_at and fill_type = 'normal'
),
sides as (
    select f.user_no, u.master_no as other_no, u.user_type as other_type, f.event_id, f.executed_at, f.market, f.side, f.notional_usdt
    from fills as f
    inner join users as u on f.counterparty_user_id = u.user_id
),
own as (
    select user_no, cast(sum(notional_usdt) as bigint) as own_account_usdt
    from sides
    where user_no = other_no
    group by user_no
),
with_others as (
    select user_no, other_no, event_id, executed_at, market, side, notional_usdt
    from sides
    where user_no <> other_no and coalesce(other_type, 'retail') <> 'market_maker'
),
begun as (
    select
        user_no, other_no, event_id, executed_at, market, side, notional_usdt,
        case
            when epoch_us(executed_at) - epoch_us(lag(executed_at, 1, executed_at) over (partition by user_no, other_no, market order by executed_at nulls last, event_id)) > 3600000000
                then 1
            else 0
        end as begins
    from with_others
),
numbered as (
    select
        user_no, other_no, market, side, notional_usdt,
        cast(sum(begins) over (
            partition by user_no, other_no, market order by executed_at nulls last, event_id rows between unbounded preceding and current row
        ) as bigint) as round_no
    from begun
),
rounds as (
    select
        user_no, other_no, market, round_no,
        cast(sum(case when side = 'buy' then notional_usdt else 0 end) as bigint) as bought_usdt,
        cast(sum(case when side = 'buy' then 0 else notional_usdt end) as bigint) as sold_usdt
    from numbered
    group by user_no, other_no, market, round_no
),
to_and_fro as (
    select user_no, cast(sum(bought_usdt + sold_usdt) as bigint) as to_and_fro_usdt
    from rounds
    where bought_usdt > 0 and sold_usdt > 0 and abs(bought_usdt - sold_usdt) * 100 <= (bought_usdt + sold_usdt) * $net_percent
    group by user_no
),
traded as (
    select user_no, cast(sum(notional_usdt) as bigint) as volume_usdt
    from fills
    group by user_no
),
shares as (
    select user_no, other_no, cast(sum(notional_usdt) as bigint) as partner_usdt, count(*) as partner_trades
    from with_others
    group by user_no, other_no
),
partners as (
    select s.user_no, s.other_no as partner_no, s.partner_usdt, s.partner_trades
    from shares as s
    inner join traded as t on s.user_no = t.user_no
    where s.partner_usdt * 2 > t.volume_usdt
),
opened as (
    select
        c.user_no, c.account_no, c.event_id, c.executed_at, c.market, c.side, c.notional_usdt, coalesce(k.cluster_no, c.user_no) as cluster_no,
        cast(floor(cast(epoch_us(c.executed_at) as double) / 300000000.0) as bigint) as slot -- of five minutes
    from contract_trades as c
    left join clusters as k on c.user_no = k.user_no and k.size <= $most_linked and not k.is_hub_only
    where c.executed_at >= $from_at and c.executed_at < $to_at and c.fill_type = 'normal' and not coalesce(c.reduce_only, false)
    and coalesce(case when c.position_side = 'long' then c.side = 'buy' when c.position_side = 'short' then c.side = 'sell' end, true)
),
both_ways as (
    select cluster_no, market
    from opened
    group by cluster_no, market
    having count(distinct account_no) > 1 and count(distinct side) > 1
),
suspects as (
    select o.user_no, o.account_no, o.event_id, o.executed_at, o.market, o.side, o.notional_usdt, o.cluster_no, o.slot
    from opened as o
    inner join both_ways as b on o.cluster_no = b.cluster_no and o.market = b.market
),
windows as (
    select account_no, executed_at, market, side, cluster_no, slot as near_slot
    from suspects
    union all
    select account_no, executed_at, market, side, cluster_no, slot - 1 as near_slot
    from suspects
    union all
    select account_no, executed_at, market, side, cluster_no, slot + 1 as near_slot
    from suspects
),
opposed as (
    select distinct s.user_no, s.event_id, s.notional_usdt
    from suspects as s
    inner join windows as w on s.cluster_no = w.cluster_no and s.market = w.market and s.slot = w.near_slot
    where s.account_no <> w.account_no and s.side <> w.side and abs(epoch_us(s.executed_at) - epoch_us(w.executed_at)) <= 300000000
),
hedged as (
    select user_no, cast(sum(notional_usdt) as bigint) as hedge_usdt
    from opposed
    group by user_no
),
leveraged as (
    select user_no, max(cast(ceil(cast(leverage as double)) as integer)) as highest_leverage
    from contract_trades
    where executed_at >= $from_at and executed_at < $to_at and fill_type = 'normal' and leverage is not null
    group by user_no
),
rewarded as (
    select user_no, rewards_granted_usdt as rewards_usdt
    from user_days
    where day = $day and rewards_granted_usdt > 0
),
everybody as (
    select user_no from own
    union
    select user_no from to_and_fro
    union
    select user_no from partners
    union
    select user_no from hedged
    union
    select user_no from leveraged
    union
    select user_no from rewarded
)
select
    e.user_no,
    $day as day,
    coalesce(o.own_account_usdt, 0) as own_account_usdt,
    coalesce(f.to_and_fro_usdt, 0) as to_and_fro_usdt,
    coalesce(h.hedge_usdt, 0) as hedge_usdt,
    p.partner_no,
    coalesce(p.partner_usdt, 0) as partner_usdt,
    coalesce(p.partner_trades, 0) as partner_trades,
    l.highest_leverage,
    coalesce(r.rewards_usdt, 0) as rewards_usdt
from everybody as e
left join own as o on e.user_no = o.user_no
left join to_and_fro as f on e.user_no = f.user_no
left join hedged as h on e.user_no = h.user_no
left join partners as p on e.user_no = p.user_no
left join leveraged as l on e.user_no = l.user_no
left join rewarded as r on e.user_no = r.user_no
order by e.user_no
