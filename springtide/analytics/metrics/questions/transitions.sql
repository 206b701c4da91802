-- How often one event follows another in a walk; every walk comes from path_start and goes to path_end.
-- grain: from_event, to_event · transitions; reads walks (events with the walk that they belong to)
with following as (
    select
        walk, event,
        lag(event, 1, 'path_start') over (partition by walk order by at_us nulls last, event_no) as from_event,
        lead(event, 1, null) over (partition by walk order by at_us nulls last, event_no) as next_event
    from walks
),
steps as (
    select from_event, event as to_event
    from following
    union all
    select event as from_event, 'path_end' as to_event
    from following
    where next_event is null
)
select from_event, to_event, count(*) as transitions
from steps
group by from_event, to_event
order by transitions desc, from_event, to_event
