-- Where every walk is at each of its steps: path_start is the first, then its events, then, once, path_end.
-- grain: a walk at a step · walk, step_no, event; reads walks (events with the walk that they belong to)
with placed as (
    select
        walk, event, 1 + row_number() over (partition by walk order by at_us nulls last, event_no) as step_no,
        count(*) over (partition by walk) as events
    from walks
)
select walk, step_no, event
from placed
union all
select walk, events + 2 as step_no, 'path_end' as event
from placed
where step_no = events + 1
union all
select walk, 1 as step_no, 'path_start' as event
from placed
where step_no = 2
