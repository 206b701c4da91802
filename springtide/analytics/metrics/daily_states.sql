-- In which state every user is on each day, and in which they were the day before.
-- grain: day, state, state_before · users; reads activity, profiles, state_days (the days asked for, with their age before the as-of day)
-- Users with the same mask and the same first day are alike: they are counted first and judged once a day. Bit 0 of a mask shifted by the
-- day's age is that day; $near_mask has the bits of the days before it that count as near (-6 to -1), $far_mask of those that are not far
-- (-29 to -1). state_before is null on a user's first day.
with outside as (
    select user_no
    from profiles
    where not is_counted
),
histories as (
    select a.days_mask, greatest(a.first_on, $long_ago) as began_on, count(*) as users
    from activity as a
    left join outside as o on a.user_no = o.user_no
    where a.product = $product and o.user_no is null
    group by a.days_mask, greatest(a.first_on, $long_ago)
),
each_day as (
    select
        d.day,
        h.users,
        datediff('day', h.began_on, d.day) as age_days,
        h.days_mask >> d.age as here_mask,
        h.days_mask >> (d.age + 1) as before_mask
    from histories as h
    cross join state_days as d
    where h.began_on <= d.day
),
judged as (
    select
        day,
        case
            when age_days = 0 then 'new'
            when (here_mask & 1) = 1 and (here_mask & $near_mask) <> 0 then 'current'
            when (here_mask & 1) = 1 and (here_mask & $far_mask) <> 0 then 'reactivated'
            when (here_mask & 1) = 1 then 'resurrected'
            when (here_mask & $near_mask) <> 0 then 'at_risk_wau'
            when (here_mask & $far_mask) <> 0 then 'at_risk_mau'
            else 'dormant'
        end as state,
        case
            when age_days = 0 then null
            when age_days = 1 then 'new'
            when (before_mask & 1) = 1 and (before_mask & $near_mask) <> 0 then 'current'
            when (before_mask & 1) = 1 and (before_mask & $far_mask) <> 0 then 'reactivated'
            when (before_mask & 1) = 1 then 'resurrected'
            when (before_mask & $near_mask) <> 0 then 'at_risk_wau'
            when (before_mask & $far_mask) <> 0 then 'at_risk_mau'
            else 'dormant'
        end as state_before,
        users
    from each_day
)
select day, state, state_before, cast(sum(users) as bigint) as users
from judged
group by day, state, state_before
order by day, state, state_before nulls first
