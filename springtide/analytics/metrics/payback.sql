-- What the users who registered from $since to $until brought by age, by channel.
-- grain: channel_id, age_days · money in 1e-6 USDT; reads profiles, user_days
-- Only ages up to $last_age, which every one of them has reached.
with cohort as (
    select user_no, coalesce(channel_id, '(not known)') as channel_id, registered_on
    from profiles
    where is_counted and registered_on >= $since and registered_on <= $until
),
aged as (
    select c.channel_id, datediff('day', c.registered_on, d.day) as age_days, d.net_revenue_usdt
    from user_days as d
    inner join cohort as c on d.user_no = c.user_no
    where d.day >= $since
)
select channel_id, age_days, cast(sum(net_revenue_usdt) as bigint) as revenue_usdt
from aged
where age_days >= 0 and age_days <= $last_age
group by channel_id, age_days
order by channel_id, age_days
