-- Who was active in which period, from every active day: for periods older than the masks reach.
-- grain: user_no, period_no · value 1 for each; reads active_days, activity, profiles, period_days (the days of the periods asked for)
with outside as (
    select user_no
    from profiles
    where not is_counted
),
seen as (
    select distinct d.user_no, p.period_no, p.begins_on
    from active_days as d
    inner join period_days as p on d.day = p.day
    left join outside as o on d.user_no = o.user_no
    where d.product = $product and d.day >= $since and d.day <= $until and o.user_no is null
)
select s.user_no, s.period_no, a.first_on >= s.begins_on as is_first, cast(1 as bigint) as value
from seen as s
inner join activity as a on s.user_no = a.user_no and a.product = $product
