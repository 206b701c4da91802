-- What counted users hold at the end of $day.
-- grain: one row · money in 1e-6 USDT; reads equity_days, profiles
with outside as (
    select user_no
    from profiles
    where not is_counted
)
select cast(coalesce(sum(e.equity_usdt), 0) as bigint) as held_usdt
from equity_days as e
left join outside as o on e.user_no = o.user_no
where e.day = $day and o.user_no is null
