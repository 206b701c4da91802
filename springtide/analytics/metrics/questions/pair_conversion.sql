-- Of the users with a start event, those whose end event follows the first or the last of them, soon and close enough.
-- grain: user_no · is_converted (0 or 1); reads pairs (events with is_start and is_end, and their instant at_us)
-- It follows in the user's stream: later, or at the same instant and in the file after it. $within_us and $within_events are inclusive.
with placed as (
    select
        user_no, at_us, is_start, is_end,
        row_number() over (partition by user_no order by at_us nulls last, event_no) as place_no
    from pairs
),
starts as (
    select
        user_no,
        case when $is_last then max(place_no) else min(place_no) end as start_place,
        case when $is_last then max(at_us) else min(at_us) end as start_us
    from placed
    where is_start
    group by user_no
)
select
    s.user_no,
    max(
        case
            when p.is_end
                and p.place_no > s.start_place and p.place_no - s.start_place <= $within_events
                and p.at_us - s.start_us <= $within_us
            then 1
            else 0
        end
    ) as is_converted
from starts as s
inner join placed as p on s.user_no = p.user_no
group by s.user_no
order by s.user_no
