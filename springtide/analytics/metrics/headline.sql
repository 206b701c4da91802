-- How the counted users stand at the end of a day, after the week that follows $before.
-- grain: one row · counts of users, money in 1e-6 USDT; reads profiles, as of the day
select
    count(case when days_since_trade < $week_days then 1 end) as active_traders,
    count(case when first_trade_on > $before then 1 end) as first_trades,
    count(case when registered_on > $before then 1 end) as registrations,
    cast(coalesce(sum(net_revenue_7d_usdt), 0) as bigint) as net_revenue,
    cast(coalesce(sum(equity_usdt), 0) as bigint) as assets
from profiles
where is_counted
