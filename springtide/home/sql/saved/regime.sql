-- title: Active traders and the market
-- 标题: 活跃用户与行情
-- question: Do more users trade in a bull market?
-- 问题: 牛市里交易的用户更多吗？
with daily as (
    select day, count(*) as traders
    from active_days
    where product = 'trading'
    group by day
)
select coalesce(m.regime, '(unknown)') as regime, count(*) as days, round(avg(d.traders), 1) as mean_traders
from daily as d
inner join market_days as m using (day)
group by all
order by mean_traders desc
