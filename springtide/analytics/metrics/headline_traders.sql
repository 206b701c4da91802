-- Trader days of the last seven days and traders of the last thirty, with the same of the time before.
-- grain: one row · trader_days_7d (users × days), traders_30d (users); reads activity, profiles
-- From the masks of days: bit 0 is the as-of day, so 127 has its last seven days and 1073741823 its last thirty.
with outside as (
    select user_no
    from profiles
    where not is_counted
)
select
    cast(coalesce(sum(cast(bit_count(a.days_mask & 127) as integer)), 0) as bigint) as trader_days_7d,
    cast(coalesce(sum(cast(bit_count((a.days_mask >> 7) & 127) as integer)), 0) as bigint) as trader_days_7d_before,
    count(case when (a.days_mask & 1073741823) <> 0 then 1 end) as traders_30d,
    count(case when ((a.days_mask >> 30) & 1073741823) <> 0 then 1 end) as traders_30d_before
from activity as a
left join outside as o on a.user_no = o.user_no
where a.product = 'trading' and o.user_no is null
