-- Every user's activity in every product as of a day, as bit masks of days, ISO weeks and months.
-- grain: user_no, product · bit k of a mask: active k periods before that of the as-of day, 62 bits kept
-- reads activity_before, active_days_now, day_weights, users_again, activity_again; users from $user_from up to $user_to
-- Growing older by $day_factor = 2^days (and weeks, months alike) after cutting to $day_keep so that nothing leaves 62 bits; days that came
-- or changed add their bits. Users who lost a day stand in users_again, and their masks in activity_again, counted afresh from all of their days.
with came as (
    select
        d.user_no, d.product,
        min(d.day) as first_on,
        max(d.day) as last_on,
        bit_or(w.day_bit) as day_bits,
        bit_or(w.week_bit) as week_bits,
        bit_or(w.month_bit) as month_bits
    from active_days_now as d
    inner join day_weights as w on d.day = w.day and w.side = 'now' and w.is_new
    where d.user_no >= $user_from and d.user_no < $user_to
    group by d.user_no, d.product
),
kept as (
    select b.user_no, b.product, b.first_on, b.last_on, b.days_mask, b.weeks_mask, b.months_mask
    from activity_before as b
    left join users_again as u on b.user_no = u.user_no
    where u.user_no is null
),
grown as (
    select
        coalesce(k.user_no, c.user_no) as user_no,
        coalesce(k.product, c.product) as product,
        least(k.first_on, c.first_on) as first_on,
        greatest(k.last_on, c.last_on) as last_on,
        (coalesce(k.days_mask, 0) & $day_keep) * $day_factor | coalesce(c.day_bits, 0) as days_mask,
        (coalesce(k.weeks_mask, 0) & $week_keep) * $week_factor | coalesce(c.week_bits, 0) as weeks_mask,
        (coalesce(k.months_mask, 0) & $month_keep) * $month_factor | coalesce(c.month_bits, 0) as months_mask
    from kept as k
    full join came as c on k.user_no = c.user_no and k.product = c.product
)
select g.user_no, g.product, g.first_on, g.last_on, g.days_mask, g.weeks_mask, g.months_mask
from grown as g
left join users_again as u on g.user_no = u.user_no
where u.user_no is null
union all
select user_no, product, first_on, last_on, days_mask, weeks_mask, months_mask
from activity_again
where user_no >= $user_from and user_no < $user_to
