-- title: New users by channel and week
-- 标题: 各渠道每周新增用户
-- question: Which channels bring users, week by week?
-- 问题: 每周各渠道带来多少新用户？
select cast(date_trunc('week', registered_on) as date) as week, coalesce(channel_id, '(unknown)') as channel, count(*) as users
from profiles
where is_counted
group by all
order by week desc, users desc
