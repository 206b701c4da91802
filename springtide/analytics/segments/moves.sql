-- Who came into a segment on $day, and who left one.
-- grain: (user_no, key) that changed, key a segment · was null and becomes 'in' for who came in, the other way round for who left
-- reads segments (as of $day), segments_before (as of the day closed before it) and told_before: the segments told on that day
-- A segment that was not told the day before takes in all its members for the first time (is_first); one that is told no more lets all
-- of them go. So the members of any day are those who came in and did not leave since.
with came as (
    select s.user_no, s.key, cast(null as varchar) as was, 'in' as becomes
    from segments as s
    left join segments_before as b on s.user_no = b.user_no and s.key = b.key
    where b.user_no is null
),
went as (
    select b.user_no, b.key, 'in' as was, cast(null as varchar) as becomes
    from segments_before as b
    left join segments as s on b.user_no = s.user_no and b.key = s.key
    where s.user_no is null
),
changed as (
    select user_no, key, was, becomes
    from came
    union all
    select user_no, key, was, becomes
    from went
)
select
    c.user_no,
    cast($day as date) as day,
    'segment' as kind,
    c.key,
    c.was,
    c.becomes,
    t.key is null as is_first
from changed as c
left join told_before as t on c.key = t.key
