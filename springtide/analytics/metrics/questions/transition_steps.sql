-- Every step of every walk, from one event to the next; a walk comes from path_start and goes to path_end.
-- grain: a step · walk, from_event, to_event; reads walks (events with the walk that they belong to)
with following as (
    select
        walk, event,
        lag(event, 1, 'path_start') over (partition by walk order by at_us nulls last, event_no) as from_event,
        lead(event, 1, null) over (partition by walk order by at_us nulls last, event_no) as next_event
    from walks
)
select walk, from_event, event as to_event
from following
union all
select walk, event as from_event, 'path_end' as to_event
from following
where next_event is null
