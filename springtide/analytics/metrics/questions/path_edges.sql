-- How many sessions go from one token to another at each step, and how long they take for it in all.
-- grain: step_no, from_token, token · sessions, total_us (microseconds); reads path_steps
select
    step_no, from_token, token,
    count(*) as sessions, cast(sum(at_us - from_us) as decimal(38, 0)) as total_us
from path_steps
where step_no > 1
group by step_no, from_token, token
order by step_no, sessions desc, from_token nulls last, token nulls last
