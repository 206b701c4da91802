-- How many users have held nothing for $empty_days days, counted in the period in which the last of these days lies.
-- grain: period_on, group_key · users, money in 1e-6 USDT; reads equity_days, windows, people
-- last_held_usdt: what they held on the last day on which they held anything.
with held as (
    select
        user_no,
        day,
        equity_usdt,
        lead(day, 1, null) over (partition by user_no order by day) as next_day
    from equity_days
    where equity_usdt > 0 and day >= $since and day <= $until
),
ended as (
    select user_no, equity_usdt, day, cast(day + $empty_days as date) as emptied_on
    from held
    where next_day is null or datediff('day', day, next_day) > $empty_days
)
select
    w.period_on,
    p.group_key,
    count(*) as emptied_users,
    cast(sum(e.equity_usdt) as bigint) as last_held_usdt
from ended as e
inner join windows as w on e.emptied_on = w.day
inner join people as p on e.user_no = p.user_no
group by w.period_on, p.group_key
order by w.period_on, p.group_key
