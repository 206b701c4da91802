-- What counted users gained on spot on $day against its close: what they bought is worth at the close, less what they paid.
-- grain: one row · money in 1e-6 USDT; times are UTC, the day is [$from_at, $to_at); reads spot_trades, prices, profiles
-- A sale gains what the close lies below it. Each trade is rounded to whole units first, so that the sum does not depend on threads.
with outside as (
    select user_no
    from profiles
    where not is_counted
),
closes as (
    select asset, close_usdt
    from prices
    where day = $day
),
valued as (
    select
        t.side,
        t.notional_usdt,
        cast(
            floor(cast(t.notional_usdt as double) * cast(c.close_usdt as double) / nullif(cast(t.price as double) * 1e6, 0e0) + 0.5e0) as bigint
        ) as close_value_usdt
    from spot_trades as t
    inner join closes as c on t.base = c.asset
    left join outside as o on t.user_no = o.user_no
    where t.executed_at >= $from_at and t.executed_at < $to_at and o.user_no is null
)
select cast(coalesce(sum(case when side = 'buy' then close_value_usdt - notional_usdt else notional_usdt - close_value_usdt end), 0) as bigint) as gains_usdt
from valued
