-- How many walks are at each event at each of the first $max_steps steps.
-- grain: step_no, event · walks; reads walk_steps
-- A walk that has ended is told once, as path_end at the step after its last event, though it stays there; whoever reads adds up.
select step_no, event, count(*) as walks
from walk_steps
where step_no <= $max_steps
group by step_no, event
order by step_no, event
