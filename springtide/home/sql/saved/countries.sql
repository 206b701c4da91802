-- title: Users and traders by country
-- 标题: 各国家的用户与交易者
-- question: Where are our users, and where do they trade?
-- 问题: 用户在哪里？在哪里交易的人多？
select
    coalesce(country, '(unknown)') as country,
    count(*) as users,
    count(case when days_since_trade <= 30 then 1 end) as traders_30d,
    round(100.0 * count(case when days_since_trade <= 30 then 1 end) / count(*), 1) as percent
from profiles
where is_counted
group by all
order by users desc
