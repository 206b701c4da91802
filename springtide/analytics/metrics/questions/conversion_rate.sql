-- Base events and the conversions credited to them, by the base event's key.
-- grain: base_key · base, credited; reads keyed_events
-- A conversion is credited to the user's latest base event on or before its day, if that is fewer than $window_days days ago: later base
-- events of the same day count as before it.
with bases as (
    select
        user_no, local_no, base_key,
        row_number() over (partition by user_no order by local_no nulls last, at_us nulls last, event_no) as base_no
    from keyed_events
    where is_base
),
merged as (
    select user_no, local_no, 0 as rank_no, base_no
    from bases
    union all
    select user_no, local_no, 1 as rank_no, cast(null as bigint) as base_no
    from keyed_events
    where is_conversion
),
looked as (
    select
        user_no, local_no, rank_no,
        max(base_no) over (
            partition by user_no order by local_no nulls last, rank_no nulls last
            range between unbounded preceding and current row
        ) as last_base_no
    from merged
),
credited as (
    select l.user_no, l.last_base_no as base_no, count(*) as conversions
    from looked as l
    inner join bases as b on l.user_no = b.user_no and l.last_base_no = b.base_no
    where l.rank_no = 1 and l.local_no - b.local_no < $window_days
    group by l.user_no, l.last_base_no
)
select b.base_key, count(*) as base, cast(coalesce(sum(c.conversions), 0) as bigint) as credited
from bases as b
left join credited as c on b.user_no = c.user_no and b.base_no = c.base_no
group by b.base_key
order by b.base_key
