-- How many users are in each state on each day.
-- grain: local_no, state · users; reads user_states
select local_no, state, count(*) as users
from user_states
group by local_no, state
order by local_no, state
