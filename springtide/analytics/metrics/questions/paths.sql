-- The steps of every path: in which session, from which token, to which.
-- grain: user_no, session_no, step_no · from_token, token, at_us, from_us; reads tokens (events that have a token, with their instant at_us)
-- A session ends at a gap of $gap_us or longer. Equal neighbours are one step, at the time of the first. With $start ('' for none) a path
-- begins at its first such token, and a session without it is no path; it goes on for $max_steps tokens.
with gaps as (
    select
        user_no, at_us, event_no, token,
        lag(at_us, 1, null) over (partition by user_no order by at_us nulls last, event_no) as before_us,
        lag(token, 1, null) over (partition by user_no order by at_us nulls last, event_no) as before_token
    from tokens
),
split as (
    select
        user_no, at_us, event_no, token, before_token,
        case when before_us is null or at_us - before_us >= $gap_us then 1 else 0 end as opens
    from gaps
),
numbered as (
    select
        user_no, at_us, event_no, token, opens, before_token,
        cast(
            sum(opens) over (
                partition by user_no order by at_us nulls last, event_no rows between unbounded preceding and current row
            ) as bigint
        ) as session_no
    from split
),
collapsed as (
    select
        user_no, session_no, at_us, token,
        row_number() over (partition by user_no, session_no order by at_us nulls last, event_no) as place_no
    from numbered
    where opens = 1 or token <> before_token
),
begun as (
    select
        user_no, session_no, at_us, token, place_no,
        min(case when $start = '' or token = $start then place_no end) over (partition by user_no, session_no) as start_place
    from collapsed
)
select
    user_no, session_no, place_no - start_place + 1 as step_no, token, at_us,
    lag(token, 1, null) over (partition by user_no, session_no order by place_no) as from_token,
    lag(at_us, 1, null) over (partition by user_no, session_no order by place_no) as from_us
from begun
where place_no >= start_place and place_no - start_place < $max_steps
