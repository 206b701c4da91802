-- What counted users hold at the end of $day, by the group in which they stood then and stand now.
-- grain: group_then, group_now · money in 1e-6 USDT; reads equity_days, profiles, user_groups
with outside as (
    select user_no
    from profiles
    where not is_counted
)
select g.group_then, g.group_now, cast(sum(e.equity_usdt) as bigint) as equity_usdt
from equity_days as e
left join outside as o on e.user_no = o.user_no
left join user_groups as g on e.user_no = g.user_no
where e.day = $day and o.user_no is null
group by g.group_then, g.group_now
order by g.group_then nulls first, g.group_now nulls first
