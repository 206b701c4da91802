-- Users by what became of them in each period, from the masks of activity.
-- grain: age (periods before that of the as-of day) · counts of users; reads activity, profiles, mask_ages
-- Users with one mask are alike and counted first. A mask is then cut into pieces of ten periods and the one before them, so that only the
-- few distinct pieces are spread over periods. Bit 0 of a piece shifted by `place` is the period itself, bit 1 the one before, any higher
-- bit a period earlier still; bit 11 stands for all that lies before the piece, or before $reach_on, where the masks begin.
-- mask_ages: `low` is the piece's lowest bit, `beyond` the power of two above its highest.
with outside as (
    select user_no
    from profiles
    where not is_counted
),
masks as (
    select
        case $period when 'day' then a.days_mask when 'week' then a.weeks_mask else a.months_mask end as active_mask,
        a.first_on < $reach_on as is_older
    from activity as a
    left join outside as o on a.user_no = o.user_no
    where a.product = $product and o.user_no is null
),
alike as (
    select active_mask, is_older, count(*) as users
    from masks
    group by active_mask, is_older
),
cuts as (
    select distinct low, beyond
    from mask_ages
),
cut as (
    select
        c.low,
        ((a.active_mask >> c.low) & 2047) + case when a.active_mask >= c.beyond or a.is_older then 2048 else 0 end as piece,
        a.users
    from alike as a
    cross join cuts as c
),
pieces as (
    select low, piece, cast(sum(users) as bigint) as users
    from cut
    group by low, piece
),
seen as (
    select m.age, p.piece >> m.place as history, p.users
    from pieces as p
    inner join mask_ages as m on p.low = m.low
)
select
    age,
    cast(coalesce(sum(case when (history & 1) = 1 then users end), 0) as bigint) as active,
    cast(coalesce(sum(case when history = 1 then users end), 0) as bigint) as new,
    cast(coalesce(sum(case when (history & 3) = 3 then users end), 0) as bigint) as retained,
    cast(coalesce(sum(case when (history & 3) = 1 and history > 1 then users end), 0) as bigint) as resurrected,
    cast(coalesce(sum(case when (history & 3) = 2 then users end), 0) as bigint) as churned
from seen
group by age
order by age
