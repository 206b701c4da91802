-- The window sums of every user as of a day: those of the state before, plus the days that came or changed, minus the days that left.
-- grain: user_no · counts, and money in 1e-6 USDT · reads state_before, user_days_now, user_days_before, equity_days_now,
-- equity_days_before, day_weights; users from $user_from up to $user_to
-- A row of day_weights says how often a day's row counts in each window: +1 for a day that comes in, -1 for one that leaves; a corrected
-- day comes with its new rows ('now') and leaves with its old ones ('before'). So the cost follows the day, not the history.
with signed as (
    select
        d.user_no, w.in_7d, w.in_30d, w.in_90d, w.in_all,
        d.spot_trades,
        d.contract_trades,
        d.spot_volume_usdt,
        d.contract_volume_usdt,
        d.spot_fees_usdt + d.contract_fees_usdt as fees_usdt,
        d.net_revenue_usdt,
        d.api_volume_usdt,
        d.maker_volume_usdt,
        d.copy_volume_usdt,
        d.arbitrage_volume_usdt,
        d.liquidations,
        d.realised_pnl_usdt,
        d.deposit_usdt,
        d.withdrawal_usdt,
        d.rewards_consumed_usdt,
        d.sessions
    from user_days_now as d
    inner join day_weights as w on d.day = w.day and w.side = 'now'
    where d.user_no >= $user_from and d.user_no < $user_to
    union all
    select
        d.user_no, w.in_7d, w.in_30d, w.in_90d, w.in_all,
        d.spot_trades,
        d.contract_trades,
        d.spot_volume_usdt,
        d.contract_volume_usdt,
        d.spot_fees_usdt + d.contract_fees_usdt as fees_usdt,
        d.net_revenue_usdt,
        d.api_volume_usdt,
        d.maker_volume_usdt,
        d.copy_volume_usdt,
        d.arbitrage_volume_usdt,
        d.liquidations,
        d.realised_pnl_usdt,
        d.deposit_usdt,
        d.withdrawal_usdt,
        d.rewards_consumed_usdt,
        d.sessions
    from user_days_before as d
    inner join day_weights as w on d.day = w.day and w.side = 'before'
    where d.user_no >= $user_from and d.user_no < $user_to
),
changes as (
    select
        user_no,
        cast(sum(spot_trades * in_7d) as bigint) as spot_trades_7d,
        cast(sum(spot_trades * in_30d) as bigint) as spot_trades_30d,
        cast(sum(spot_trades * in_90d) as bigint) as spot_trades_90d,
        cast(sum(contract_trades * in_7d) as bigint) as contract_trades_7d,
        cast(sum(contract_trades * in_30d) as bigint) as contract_trades_30d,
        cast(sum(contract_trades * in_90d) as bigint) as contract_trades_90d,
        cast(sum(spot_volume_usdt * in_7d) as bigint) as spot_volume_7d_usdt,
        cast(sum(spot_volume_usdt * in_30d) as bigint) as spot_volume_30d_usdt,
        cast(sum(spot_volume_usdt * in_90d) as bigint) as spot_volume_90d_usdt,
        cast(sum(contract_volume_usdt * in_7d) as bigint) as contract_volume_7d_usdt,
        cast(sum(contract_volume_usdt * in_30d) as bigint) as contract_volume_30d_usdt,
        cast(sum(contract_volume_usdt * in_90d) as bigint) as contract_volume_90d_usdt,
        cast(sum(fees_usdt * in_7d) as bigint) as fees_7d_usdt,
        cast(sum(fees_usdt * in_30d) as bigint) as fees_30d_usdt,
        cast(sum(fees_usdt * in_90d) as bigint) as fees_90d_usdt,
        cast(sum(net_revenue_usdt * in_7d) as bigint) as net_revenue_7d_usdt,
        cast(sum(net_revenue_usdt * in_30d) as bigint) as net_revenue_30d_usdt,
        cast(sum(net_revenue_usdt * in_90d) as bigint) as net_revenue_90d_usdt,
        cast(sum(api_volume_usdt * in_30d) as bigint) as api_volume_30d_usdt,
        cast(sum(api_volume_usdt * in_90d) as bigint) as api_volume_90d_usdt,
        cast(sum(maker_volume_usdt * in_30d) as bigint) as maker_volume_30d_usdt,
        cast(sum(copy_volume_usdt * in_90d) as bigint) as copy_volume_90d_usdt,
        cast(sum(arbitrage_volume_usdt * in_90d) as bigint) as arbitrage_volume_90d_usdt,
        cast(sum(liquidations * in_7d) as bigint) as liquidations_7d,
        cast(sum(liquidations * in_30d) as bigint) as liquidations_30d,
        cast(sum(realised_pnl_usdt * in_30d) as bigint) as realised_pnl_30d_usdt,
        cast(sum(realised_pnl_usdt * in_90d) as bigint) as realised_pnl_90d_usdt,
        cast(sum(deposit_usdt * in_30d) as bigint) as deposit_30d_usdt,
        cast(sum(deposit_usdt * in_90d) as bigint) as deposit_90d_usdt,
        cast(sum(withdrawal_usdt * in_30d) as bigint) as withdrawal_30d_usdt,
        cast(sum(withdrawal_usdt * in_90d) as bigint) as withdrawal_90d_usdt,
        cast(sum(rewards_consumed_usdt * in_30d) as bigint) as rewards_consumed_30d_usdt,
        cast(sum(rewards_consumed_usdt * in_90d) as bigint) as rewards_consumed_90d_usdt,
        cast(sum(sessions * in_30d) as bigint) as sessions_30d,
        cast(sum(spot_trades * in_all) as bigint) as spot_trades_all,
        cast(sum(contract_trades * in_all) as bigint) as contract_trades_all,
        cast(sum(spot_volume_usdt * in_all) as bigint) as spot_volume_all_usdt,
        cast(sum(contract_volume_usdt * in_all) as bigint) as contract_volume_all_usdt,
        cast(sum(fees_usdt * in_all) as bigint) as fees_all_usdt,
        cast(sum(net_revenue_usdt * in_all) as bigint) as net_revenue_all_usdt,
        cast(sum(deposit_usdt * in_all) as bigint) as deposit_all_usdt,
        cast(sum(withdrawal_usdt * in_all) as bigint) as withdrawal_all_usdt,
        cast(sum(rewards_consumed_usdt * in_all) as bigint) as rewards_consumed_all_usdt,
        cast(sum(liquidations * in_all) as bigint) as liquidations_all
    from signed
    group by user_no
),
signed_equity as (
    select d.user_no, d.equity_usdt * w.in_30d as equity_usdt
    from equity_days_now as d
    inner join day_weights as w on d.day = w.day and w.side = 'now' and (w.in_30d <> 0 or w.is_new)
    where d.user_no >= $user_from and d.user_no < $user_to
    union all
    select d.user_no, d.equity_usdt * w.in_30d as equity_usdt
    from equity_days_before as d
    inner join day_weights as w on d.day = w.day and w.side = 'before'
    where d.user_no >= $user_from and d.user_no < $user_to
),
-- Apart from the other sums: more users hold than do anything, and their rows would go through forty-six sums of nothing.
equity_changes as (
    select user_no, cast(sum(equity_usdt) as bigint) as equity_sum_30d_usdt
    from signed_equity
    group by user_no
)
select
    coalesce(s.user_no, c.user_no, e.user_no) as user_no,
    coalesce(s.spot_trades_7d, 0) + coalesce(c.spot_trades_7d, 0) as spot_trades_7d,
    coalesce(s.spot_trades_30d, 0) + coalesce(c.spot_trades_30d, 0) as spot_trades_30d,
    coalesce(s.spot_trades_90d, 0) + coalesce(c.spot_trades_90d, 0) as spot_trades_90d,
    coalesce(s.contract_trades_7d, 0) + coalesce(c.contract_trades_7d, 0) as contract_trades_7d,
    coalesce(s.contract_trades_30d, 0) + coalesce(c.contract_trades_30d, 0) as contract_trades_30d,
    coalesce(s.contract_trades_90d, 0) + coalesce(c.contract_trades_90d, 0) as contract_trades_90d,
    coalesce(s.spot_volume_7d_usdt, 0) + coalesce(c.spot_volume_7d_usdt, 0) as spot_volume_7d_usdt,
    coalesce(s.spot_volume_30d_usdt, 0) + coalesce(c.spot_volume_30d_usdt, 0) as spot_volume_30d_usdt,
    coalesce(s.spot_volume_90d_usdt, 0) + coalesce(c.spot_volume_90d_usdt, 0) as spot_volume_90d_usdt,
    coalesce(s.contract_volume_7d_usdt, 0) + coalesce(c.contract_volume_7d_usdt, 0) as contract_volume_7d_usdt,
    coalesce(s.contract_volume_30d_usdt, 0) + coalesce(c.contract_volume_30d_usdt, 0) as contract_volume_30d_usdt,
    coalesce(s.contract_volume_90d_usdt, 0) + coalesce(c.contract_volume_90d_usdt, 0) as contract_volume_90d_usdt,
    coalesce(s.fees_7d_usdt, 0) + coalesce(c.fees_7d_usdt, 0) as fees_7d_usdt,
    coalesce(s.fees_30d_usdt, 0) + coalesce(c.fees_30d_usdt, 0) as fees_30d_usdt,
    coalesce(s.fees_90d_usdt, 0) + coalesce(c.fees_90d_usdt, 0) as fees_90d_usdt,
    coalesce(s.net_revenue_7d_usdt, 0) + coalesce(c.net_revenue_7d_usdt, 0) as net_revenue_7d_usdt,
    coalesce(s.net_revenue_30d_usdt, 0) + coalesce(c.net_revenue_30d_usdt, 0) as net_revenue_30d_usdt,
    coalesce(s.net_revenue_90d_usdt, 0) + coalesce(c.net_revenue_90d_usdt, 0) as net_revenue_90d_usdt,
    coalesce(s.api_volume_30d_usdt, 0) + coalesce(c.api_volume_30d_usdt, 0) as api_volume_30d_usdt,
    coalesce(s.api_volume_90d_usdt, 0) + coalesce(c.api_volume_90d_usdt, 0) as api_volume_90d_usdt,
    coalesce(s.maker_volume_30d_usdt, 0) + coalesce(c.maker_volume_30d_usdt, 0) as maker_volume_30d_usdt,
    coalesce(s.copy_volume_90d_usdt, 0) + coalesce(c.copy_volume_90d_usdt, 0) as copy_volume_90d_usdt,
    coalesce(s.arbitrage_volume_90d_usdt, 0) + coalesce(c.arbitrage_volume_90d_usdt, 0) as arbitrage_volume_90d_usdt,
    coalesce(s.liquidations_7d, 0) + coalesce(c.liquidations_7d, 0) as liquidations_7d,
    coalesce(s.liquidations_30d, 0) + coalesce(c.liquidations_30d, 0) as liquidations_30d,
    coalesce(s.realised_pnl_30d_usdt, 0) + coalesce(c.realised_pnl_30d_usdt, 0) as realised_pnl_30d_usdt,
    coalesce(s.realised_pnl_90d_usdt, 0) + coalesce(c.realised_pnl_90d_usdt, 0) as realised_pnl_90d_usdt,
    coalesce(s.deposit_30d_usdt, 0) + coalesce(c.deposit_30d_usdt, 0) as deposit_30d_usdt,
    coalesce(s.deposit_90d_usdt, 0) + coalesce(c.deposit_90d_usdt, 0) as deposit_90d_usdt,
    coalesce(s.withdrawal_30d_usdt, 0) + coalesce(c.withdrawal_30d_usdt, 0) as withdrawal_30d_usdt,
    coalesce(s.withdrawal_90d_usdt, 0) + coalesce(c.withdrawal_90d_usdt, 0) as withdrawal_90d_usdt,
    coalesce(s.rewards_consumed_30d_usdt, 0) + coalesce(c.rewards_consumed_30d_usdt, 0) as rewards_consumed_30d_usdt,
    coalesce(s.rewards_consumed_90d_usdt, 0) + coalesce(c.rewards_consumed_90d_usdt, 0) as rewards_consumed_90d_usdt,
    coalesce(s.sessions_30d, 0) + coalesce(c.sessions_30d, 0) as sessions_30d,
    coalesce(s.equity_sum_30d_usdt, 0) + coalesce(e.equity_sum_30d_usdt, 0) as equity_sum_30d_usdt,
    coalesce(s.spot_trades_all, 0) + coalesce(c.spot_trades_all, 0) as spot_trades_all,
    coalesce(s.contract_trades_all, 0) + coalesce(c.contract_trades_all, 0) as contract_trades_all,
    coalesce(s.spot_volume_all_usdt, 0) + coalesce(c.spot_volume_all_usdt, 0) as spot_volume_all_usdt,
    coalesce(s.contract_volume_all_usdt, 0) + coalesce(c.contract_volume_all_usdt, 0) as contract_volume_all_usdt,
    coalesce(s.fees_all_usdt, 0) + coalesce(c.fees_all_usdt, 0) as fees_all_usdt,
    coalesce(s.net_revenue_all_usdt, 0) + coalesce(c.net_revenue_all_usdt, 0) as net_revenue_all_usdt,
    coalesce(s.deposit_all_usdt, 0) + coalesce(c.deposit_all_usdt, 0) as deposit_all_usdt,
    coalesce(s.withdrawal_all_usdt, 0) + coalesce(c.withdrawal_all_usdt, 0) as withdrawal_all_usdt,
    coalesce(s.rewards_consumed_all_usdt, 0) + coalesce(c.rewards_consumed_all_usdt, 0) as rewards_consumed_all_usdt,
    coalesce(s.liquidations_all, 0) + coalesce(c.liquidations_all, 0) as liquidations_all
from state_before as s
full join changes as c on s.user_no = c.user_no
full join equity_changes as e on coalesce(s.user_no, c.user_no) = e.user_no
