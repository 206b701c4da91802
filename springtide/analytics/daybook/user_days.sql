-- What every user did on $day.
-- grain: user_no, day · money in 1e-6 USDT at the time of the fact · times are UTC, the day is [$from_at, $to_at)
-- reads spot_trades, contract_trades, transfers, sessions, reward_entries, other_income, commissions, given_user_days
-- Own fills only: liquidations, ADL and settlement are no activity and no volume, yet what they cost is revenue. Internal and P2P moves
-- are no deposits. A voucher is already inside the fee as charged, so only loss cover and conversions cost anything beside it.
with spot_fills as (
    select user_no, executed_at, base, side, notional_usdt, fee_usdt, role, via
    from spot_trades
    where executed_at >= $from_at and executed_at < $to_at
),
contract_fills as (
    select user_no, executed_at, base, side, notional_usdt, fee_usdt, role, via, realised_pnl_usdt, fill_type, coalesce(order_id, event_id) as order_key
    from contract_trades
    where executed_at >= $from_at and executed_at < $to_at
),
spot as (
    select
        user_no,
        count(*) as trades,
        cast(sum(notional_usdt) as bigint) as volume_usdt,
        cast(sum(fee_usdt) as bigint) as fees_usdt,
        cast(sum(case when role = 'maker' then notional_usdt end) as bigint) as maker_usdt,
        cast(sum(case when via in ('api', 'bot') then notional_usdt end) as bigint) as api_usdt,
        cast(sum(case when via = 'copy' then notional_usdt end) as bigint) as copy_usdt,
        min(executed_at) as first_at,
        max(executed_at) as last_at
    from spot_fills
    group by user_no
),
contract as (
    select
        user_no,
        count(case when fill_type = 'normal' then 1 end) as trades,
        cast(sum(case when fill_type = 'normal' then notional_usdt end) as bigint) as volume_usdt,
        cast(sum(fee_usdt) as bigint) as fees_usdt,
        cast(sum(case when fill_type = 'normal' and role = 'maker' then notional_usdt end) as bigint) as maker_usdt,
        cast(sum(case when fill_type = 'normal' and via in ('api', 'bot') then notional_usdt end) as bigint) as api_usdt,
        cast(sum(case when fill_type = 'normal' and via = 'copy' then notional_usdt end) as bigint) as copy_usdt,
        count(distinct case when fill_type = 'liquidation' then order_key end) as liquidations,
        cast(sum(realised_pnl_usdt) as bigint) as pnl_usdt,
        min(case when fill_type = 'normal' then executed_at end) as first_at,
        max(case when fill_type = 'normal' then executed_at end) as last_at,
        min(case when fill_type = 'liquidation' then executed_at end) as first_liquidation_at,
        max(case when fill_type = 'liquidation' then executed_at end) as last_liquidation_at
    from contract_fills
    group by user_no
),
legs as (
    select
        user_no, base, cast(date_trunc('hour', executed_at) as timestamp) as traded_hour,
        case when side = 'buy' then notional_usdt else 0 end as spot_buy_usdt,
        case when side = 'sell' then notional_usdt else 0 end as spot_sell_usdt,
        0 as contract_buy_usdt,
        0 as contract_sell_usdt
    from spot_fills
    where base is not null and user_no in (select user_no from contract)
    union all
    select
        user_no, base, cast(date_trunc('hour', executed_at) as timestamp) as traded_hour,
        0 as spot_buy_usdt,
        0 as spot_sell_usdt,
        case when side = 'buy' then notional_usdt else 0 end as contract_buy_usdt,
        case when side = 'sell' then notional_usdt else 0 end as contract_sell_usdt
    from contract_fills
    where fill_type = 'normal' and base is not null and user_no in (select user_no from spot)
),
matched as (
    select
        user_no,
        2 * least(cast(sum(spot_buy_usdt) as bigint), cast(sum(contract_sell_usdt) as bigint))
        + 2 * least(cast(sum(spot_sell_usdt) as bigint), cast(sum(contract_buy_usdt) as bigint)) as matched_usdt
    from legs
    group by user_no, base, traded_hour
),
arbitrage as (
    select user_no, cast(sum(matched_usdt) as bigint) as matched_usdt
    from matched
    group by user_no
),
moved as (
    select
        user_no,
        count(case when kind = 'deposit' then 1 end) as deposits,
        cast(sum(case when kind = 'deposit' then usdt end) as bigint) as deposit_usdt,
        count(case when kind = 'withdrawal' then 1 end) as withdrawals,
        cast(sum(case when kind = 'withdrawal' then usdt end) as bigint) as withdrawal_usdt,
        min(case when kind = 'deposit' then happened_at end) as first_deposit_at,
        max(case when kind = 'deposit' then happened_at end) as last_deposit_at,
        min(case when kind = 'withdrawal' then happened_at end) as first_withdrawal_at,
        max(case when kind = 'withdrawal' then happened_at end) as last_withdrawal_at
    from transfers
    where happened_at >= $from_at and happened_at < $to_at and kind in ('deposit', 'withdrawal') and status = 'completed'
    group by user_no
),
seen as (
    select user_no, cast(sum(sessions) as bigint) as sessions, cast(sum(seconds) as bigint) as seconds
    from sessions
    where day = $day
    group by user_no
),
rewarded as (
    select
        user_no,
        cast(sum(case when action = 'grant' then usdt end) as bigint) as granted_usdt,
        cast(sum(case when action in ('consume_fee', 'consume_loss', 'convert') then usdt end) as bigint) as consumed_usdt,
        cast(sum(case when action in ('consume_loss', 'convert') then usdt end) as bigint) as cost_usdt
    from reward_entries
    where happened_at >= $from_at and happened_at < $to_at
    group by user_no
),
earned as (
    select user_no, cast(sum(usdt) as bigint) as income_usdt
    from other_income
    where happened_at >= $from_at and happened_at < $to_at
    group by user_no
),
paid as (
    select user_no, cast(sum(usdt) as bigint) as commission_usdt
    from commissions
    where happened_at >= $from_at and happened_at < $to_at
    group by user_no
),
given as (
    select
        user_no,
        cast(sum(case when product <> 'contract' and is_trading then coalesce(trades, 0) end) as bigint) as spot_trades,
        cast(sum(case when product = 'contract' then trades end) as bigint) as contract_trades,
        cast(sum(case when product <> 'contract' and is_trading then coalesce(volume_usdt, 0) end) as bigint) as spot_volume_usdt,
        cast(sum(case when product = 'contract' then volume_usdt end) as bigint) as contract_volume_usdt,
        cast(sum(case when product <> 'contract' then fees_usdt end) as bigint) as spot_fees_usdt,
        cast(sum(case when product = 'contract' then fees_usdt end) as bigint) as contract_fees_usdt,
        cast(sum(rewards_usdt) as bigint) as rewards_usdt,
        cast(sum(case when net_revenue_usdt is null then coalesce(fees_usdt, 0) else net_revenue_usdt end) as bigint) as revenue_usdt,
        max(case when product <> 'contract' and is_trading and is_active then $from_at end) as spot_at,
        max(case when product = 'contract' and is_active then $from_at end) as contract_at
    from given_user_days
    where day = $day
    group by user_no
),
everybody as (
    select user_no from spot
    union
    select user_no from contract
    union
    select user_no from moved
    union
    select user_no from seen
    union
    select user_no from rewarded
    union
    select user_no from earned
    union
    select user_no from paid
    union
    select user_no from given
)
select
    e.user_no,
    $day as day,
    coalesce(s.trades, 0) + coalesce(g.spot_trades, 0) as spot_trades,
    coalesce(c.trades, 0) + coalesce(g.contract_trades, 0) as contract_trades,
    coalesce(s.volume_usdt, 0) + coalesce(g.spot_volume_usdt, 0) as spot_volume_usdt,
    coalesce(c.volume_usdt, 0) + coalesce(g.contract_volume_usdt, 0) as contract_volume_usdt,
    coalesce(s.fees_usdt, 0) + coalesce(g.spot_fees_usdt, 0) as spot_fees_usdt,
    coalesce(c.fees_usdt, 0) + coalesce(g.contract_fees_usdt, 0) as contract_fees_usdt,
    coalesce(s.maker_usdt, 0) + coalesce(c.maker_usdt, 0) as maker_volume_usdt,
    coalesce(s.api_usdt, 0) + coalesce(c.api_usdt, 0) as api_volume_usdt,
    coalesce(s.copy_usdt, 0) + coalesce(c.copy_usdt, 0) as copy_volume_usdt,
    coalesce(a.matched_usdt, 0) as arbitrage_volume_usdt,
    coalesce(c.liquidations, 0) as liquidations,
    coalesce(c.pnl_usdt, 0) as realised_pnl_usdt,
    coalesce(m.deposits, 0) as deposits,
    coalesce(m.deposit_usdt, 0) as deposit_usdt,
    coalesce(m.withdrawals, 0) as withdrawals,
    coalesce(m.withdrawal_usdt, 0) as withdrawal_usdt,
    coalesce(v.sessions, 0) as sessions,
    coalesce(v.seconds, 0) as session_seconds,
    coalesce(r.granted_usdt, 0) + coalesce(g.rewards_usdt, 0) as rewards_granted_usdt,
    coalesce(r.consumed_usdt, 0) + coalesce(g.rewards_usdt, 0) as rewards_consumed_usdt,
    coalesce(r.cost_usdt, 0) as rewards_cost_usdt,
    coalesce(i.income_usdt, 0) as other_income_usdt,
    coalesce(p.commission_usdt, 0) as commissions_usdt,
    coalesce(s.fees_usdt, 0) + coalesce(c.fees_usdt, 0) + coalesce(i.income_usdt, 0) - coalesce(p.commission_usdt, 0)
    - coalesce(r.cost_usdt, 0) + coalesce(g.revenue_usdt, 0) as net_revenue_usdt,
    m.first_deposit_at,
    m.last_deposit_at,
    least(s.first_at, g.spot_at) as first_spot_at,
    greatest(s.last_at, g.spot_at) as last_spot_at,
    least(c.first_at, g.contract_at) as first_contract_at,
    greatest(c.last_at, g.contract_at) as last_contract_at,
    m.first_withdrawal_at,
    m.last_withdrawal_at,
    c.first_liquidation_at,
    c.last_liquidation_at,
    case when v.sessions > 0 then $from_at end as first_session_at,
    case when v.sessions > 0 then $from_at end as last_session_at
from everybody as e
left join spot as s on e.user_no = s.user_no
left join contract as c on e.user_no = c.user_no
left join arbitrage as a on e.user_no = a.user_no
left join moved as m on e.user_no = m.user_no
left join seen as v on e.user_no = v.user_no
left join rewarded as r on e.user_no = r.user_no
left join earned as i on e.user_no = i.user_no
left join paid as p on e.user_no = p.user_no
left join given as g on e.user_no = g.user_no
order by e.user_no
