-- What every user's net revenue came to in which period, where it is not zero.
-- grain: user_no, period_no · value in 1e-6 USDT; reads user_days (all history up to $until), profiles, period_days
-- A user is new in the period of their first day with any revenue in the full history, not in the first one that is shown.
with outside as (
    select user_no
    from profiles
    where not is_counted
),
firsts as (
    select user_no, min(day) as first_on
    from user_days
    where day <= $until and net_revenue_usdt <> 0
    group by user_no
),
sums as (
    select d.user_no, p.period_no, p.begins_on, cast(sum(d.net_revenue_usdt) as bigint) as revenue_usdt
    from user_days as d
    inner join period_days as p on d.day = p.day
    left join outside as o on d.user_no = o.user_no
    where d.day >= $since and d.day <= $until and d.net_revenue_usdt <> 0 and o.user_no is null
    group by d.user_no, p.period_no, p.begins_on
)
select s.user_no, s.period_no, f.first_on >= s.begins_on as is_first, s.revenue_usdt as value
from sums as s
inner join firsts as f on s.user_no = f.user_no
where s.revenue_usdt <> 0
