-- title: Trading days in the last thirty
-- 标题: 最近三十天的交易天数
-- question: How often do those who trade, trade?
-- 问题: 有交易的用户多久交易一次？
select trading_days_30d, count(*) as users
from profiles
where is_counted and trading_days_30d > 0
group by all
order by trading_days_30d
