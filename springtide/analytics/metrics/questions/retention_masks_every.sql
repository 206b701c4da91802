-- Retention from the masks of activity: whoever was active in a cohort's period is in that cohort.
-- grain: cohort_no, column_no · users; reads activity, profiles, mask_cells
-- Users with one mask are alike and counted first. mask_cells: `cohort_bit` is the cohort's period, `return_bits` are the periods that a
-- column counts, `keep_bits` all that any cell looks at.
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
    select
        (case $period when 'day' then a.days_mask when 'week' then a.weeks_mask else a.months_mask end) & k.keep_bits as active_mask,
        count(*) as users
    from activity as a
    cross join kept as k
    left join outside as o on a.user_no = o.user_no
    where a.product = $product and o.user_no is null
    group by (case $period when 'day' then a.days_mask when 'week' then a.weeks_mask else a.months_mask end) & k.keep_bits
)
select c.cohort_no, c.column_no, cast(sum(a.users) as bigint) as users
from alike as a
inner join mask_cells as c
    on (a.active_mask & c.cohort_bit) <> 0 and (c.column_no = 0 or (a.active_mask & c.return_bits) <> 0)
group by c.cohort_no, c.column_no
