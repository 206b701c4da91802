-- Activity counted afresh from all of active_days: for users who lost a day, and for a rebuild.
-- grain: user_no, product · reads active_days, users_again (the users to count), day_bits (the bits of every day up to $day)
select
    d.user_no, d.product,
    min(d.day) as first_on,
    max(d.day) as last_on,
    bit_or(b.day_bit) as days_mask,
    bit_or(b.week_bit) as weeks_mask,
    bit_or(b.month_bit) as months_mask
from active_days as d
inner join users_again as u on d.user_no = u.user_no
inner join day_bits as b on d.day = b.day
where d.day <= $day
group by d.user_no, d.product
