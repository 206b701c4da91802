-- What the users who registered in each period brought in their first $window_days days, those whose days have all passed.
-- grain: period_on, group_key · registrants (users), net_revenue_usdt in 1e-6 USDT; reads profiles, user_days, people, windows
-- The day of registration is day 0, so the days are 0 to $window_days - 1; who registered after $matured_by still has time and is left out.
with cohort as (
    select p.user_no, p.group_key, c.registered_on, w.period_on
    from people as p
    inner join profiles as c on p.user_no = c.user_no
    inner join windows as w on c.registered_on = w.day
    where c.registered_on >= $since and c.registered_on <= $until and c.registered_on <= $matured_by
),
brought as (
    select c.user_no, cast(sum(d.net_revenue_usdt) as bigint) as net_revenue_usdt
    from user_days as d
    inner join cohort as c on d.user_no = c.user_no
    where d.day >= $since and datediff('day', c.registered_on, d.day) >= 0 and datediff('day', c.registered_on, d.day) < $window_days
    group by c.user_no
)
select
    c.period_on,
    c.group_key,
    count(*) as registrants,
    cast(coalesce(sum(b.net_revenue_usdt), 0) as bigint) as net_revenue_usdt
from cohort as c
left join brought as b on c.user_no = b.user_no
group by c.period_on, c.group_key
order by c.period_on, c.group_key
