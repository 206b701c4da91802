-- The group of every member: the value at the user's first start event, or $other beyond the $limit values with the most members.
-- grain: user_no · value; reads retention_events, members
with starts as (
    select user_no, value, row_number() over (partition by user_no order by at_us nulls last, event_no) as place
    from retention_events
    where is_start
),
valued as (
    select s.user_no, coalesce(s.value, '') as value
    from starts as s
    where s.place = 1 and s.user_no in (select user_no from members)
),
sizes as (
    select value, count(*) as users
    from valued
    group by value
),
ranked as (
    select value, row_number() over (order by users desc nulls last, value nulls last) as size_rank -- allow ties: one row a value
    from sizes
)
select v.user_no, case when r.size_rank <= $limit then v.value else $other end as value
from valued as v
inner join ranked as r on v.value = r.value
