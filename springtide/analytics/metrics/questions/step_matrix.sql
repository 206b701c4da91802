-- How many walks are at each event at each step: path_start is the first, and a walk that has ended stays at path_end.
-- grain: step_no, event · walks; reads walks (events with the walk that they belong to)
-- A walk that ends at a step is told once, as 'path_end' at the step after its last event; whoever reads adds up.
with placed as (
    select
        event, 1 + row_number() over (partition by walk order by at_us nulls last, event_no) as step_no,
        count(*) over (partition by walk) as events
    from walks
),
steps as (
    select event, step_no
    from placed
    where step_no <= $max_steps
    union all
    select 'path_end' as event, events + 2 as step_no
    from placed
    where step_no = events + 1 and events + 2 <= $max_steps
    union all
    select 'path_start' as event, 1 as step_no
    from placed
    where step_no = 2
)
select step_no, event, count(*) as walks
from steps
group by step_no, event
order by step_no, event
