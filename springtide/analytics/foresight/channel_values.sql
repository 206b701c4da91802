-- What a user of each channel brings in the first 90 days: those who registered 90 to 119 days before $day, whose 90 days are over.
-- grain: channel_id (null: all of them together) · money in 1e-6 USDT; reads profiles, user_days
-- From all that they brought is taken what came after their 90 days: that lies within the last 30, so no more of history is read.
with young as (
    select user_no, channel_id, registered_on, net_revenue_all_usdt
    from profiles
    where is_counted and registered_on <= $day - 89 and registered_on > $day - 119
),
later as (
    select d.user_no, cast(sum(d.net_revenue_usdt) as bigint) as net_revenue_usdt
    from user_days as d
    inner join young as y on d.user_no = y.user_no
    where d.day > $day - 30 and d.day <= $day and datediff('day', y.registered_on, d.day) >= 90
    group by d.user_no
),
brought as (
    select y.channel_id, y.net_revenue_all_usdt - coalesce(l.net_revenue_usdt, 0) as net_revenue_usdt
    from young as y
    left join later as l on y.user_no = l.user_no
),
told as (
    select channel_id, count(*) as users, cast(sum(net_revenue_usdt) as bigint) as net_revenue_usdt
    from brought
    where channel_id is not null
    group by channel_id
    having count(*) >= $least_users
    union all
    select cast(null as varchar) as channel_id, count(*) as users, cast(sum(net_revenue_usdt) as bigint) as net_revenue_usdt
    from brought
    having count(*) > 0
)
select channel_id, users, cast(floor(cast(net_revenue_usdt as double) / nullif(cast(users as double), 0.0)) as bigint) as ltv_90_usdt
from told
order by channel_id nulls first
