-- title: Active traders by day
-- 标题: 每日活跃交易用户
-- question: How many users traded on each day, and how many over seven?
-- 问题: 每天有多少用户交易？七天平均是多少？
with daily as (
    select day, count(*) as traders
    from active_days
    where product = 'trading'
    group by day
)
select day, traders, round(avg(traders) over (order by day rows between 6 preceding and current row), 1) as weekly_mean
from daily
order by day
