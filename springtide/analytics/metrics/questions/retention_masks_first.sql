-- Retention from the masks of activity: everybody is in the cohort of the day on which they started, and in no other.
-- grain: cohort_no, column_no · users; reads starters (user_no, started_on, active_mask), profiles, mask_cells, cohort_days
-- Users of one cohort with one mask are alike and counted first. cohort_days: the days of the cohorts; mask_cells as in the file beside.
with outside as (
    select user_no
    from profiles
    where not is_counted and not $is_everyone
),
kept as (
    select max(keep_bits) as keep_bits
    from mask_cells
),
alike as (
    select d.cohort_no, s.active_mask & k.keep_bits as kept_mask, count(*) as users
    from starters as s
    inner join cohort_days as d on s.started_on = d.day
    cross join kept as k
    left join outside as o on s.user_no = o.user_no
    where o.user_no is null
    group by d.cohort_no, s.active_mask & k.keep_bits
)
select c.cohort_no, c.column_no, cast(sum(a.users) as bigint) as users
from alike as a
inner join mask_cells as c on a.cohort_no = c.cohort_no and (c.column_no = 0 or (a.kept_mask & c.return_bits) <> 0)
group by c.cohort_no, c.column_no
