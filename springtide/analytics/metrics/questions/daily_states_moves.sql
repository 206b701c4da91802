-- How many users go from one state to another from one day to the next.
-- grain: local_no, was, state · users; reads user_states
with following as (
    select local_no, state, lag(state, 1, null) over (partition by user_no order by local_no) as was
    from user_states
)
select local_no, was, state, count(*) as users
from following
where was is not null
group by local_no, was, state
order by local_no, was, state
