-- Every active day of a user with the active days before and after it.
-- grain: user_no, local_no · before_no, next_no (null: none); reads active_events
with active as (
    select distinct user_no, local_no
    from active_events
)
select
    user_no, local_no,
    lag(local_no, 1, null) over (partition by user_no order by local_no) as before_no,
    lead(local_no, 1, null) over (partition by user_no order by local_no) as next_no
from active
