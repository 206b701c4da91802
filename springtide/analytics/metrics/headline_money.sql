-- Net revenue of the days after $before up to $as_of and of as many days before, and equity at the end of both.
-- grain: one row · money in 1e-6 USDT; reads user_days, equity_days, profiles; $before_that < $before < $as_of
with outside as (
    select user_no
    from profiles
    where not is_counted
),
earned as (
    select
        cast(coalesce(sum(case when d.day > $before then d.net_revenue_usdt end), 0) as bigint) as net_revenue_usdt,
        cast(coalesce(sum(case when d.day <= $before then d.net_revenue_usdt end), 0) as bigint) as net_revenue_before_usdt
    from user_days as d
    left join outside as o on d.user_no = o.user_no
    where d.day > $before_that and d.day <= $as_of and o.user_no is null
),
held as (
    select
        cast(coalesce(sum(case when e.day = $as_of then e.equity_usdt end), 0) as bigint) as equity_usdt,
        cast(coalesce(sum(case when e.day = $before then e.equity_usdt end), 0) as bigint) as equity_before_usdt
    from equity_days as e
    left join outside as o on e.user_no = o.user_no
    where e.day in ($as_of, $before) and o.user_no is null
)
select earned.net_revenue_usdt, earned.net_revenue_before_usdt, held.equity_usdt, held.equity_before_usdt
from earned
cross join held
