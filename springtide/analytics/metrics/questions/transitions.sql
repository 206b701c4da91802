-- How often one event follows another in a walk.
-- grain: from_event, to_event · transitions; reads transition_steps
select from_event, to_event, count(*) as transitions
from transition_steps
group by from_event, to_event
order by transitions desc, from_event, to_event
