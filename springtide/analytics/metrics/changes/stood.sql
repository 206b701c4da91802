-- Where every user stood in the stratification $key at the end of $then_on, and at the end of $now_on.
-- grain: user_no · group_then is null for users who were none yet; reads moves
-- From the change log: the last move on or before a day tells the stratum of that day, whether or not its snapshot is kept.
with moved as (
    select user_no, day, becomes
    from moves
    where kind = 'stratum' and key = $key and day <= $now_on
),
lasts as (
    select
        user_no,
        max(case when day <= $then_on then day end) as then_on,
        max(day) as now_on
    from moved
    group by user_no
)
select l.user_no, t.becomes as group_then, n.becomes as group_now
from lasts as l
inner join moved as n on l.user_no = n.user_no and l.now_on = n.day
left join moved as t on l.user_no = t.user_no and l.then_on = t.day
