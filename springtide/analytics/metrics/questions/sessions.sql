-- The session of every event: a new one begins where the gap since the user's event before is longer than $gap_us.
-- grain: user_no, event_no · session_no (from 1); reads moments (every event with its instant at_us)
-- A gap of exactly the limit does not end a session; in paths it does.
with gaps as (
    select
        user_no, at_us, event_no,
        at_us - lag(at_us, 1, at_us) over (partition by user_no order by at_us nulls last, event_no) as gap_us
    from moments
)
select
    user_no, event_no,
    cast(
        1 + sum(case when gap_us > $gap_us then 1 else 0 end) over (
            partition by user_no order by at_us nulls last, event_no rows between unbounded preceding and current row
        ) as bigint
    ) as session_no
from gaps
order by user_no, at_us nulls last, event_no
