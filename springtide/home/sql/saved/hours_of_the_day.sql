-- title: Trades by hour of the day
-- 标题: 一天中各小时的成交
-- question: When do users trade (UTC)?
-- 问题: 用户在什么时候交易（UTC）？
select hour(executed_at) as hour_utc, count(*) as trades, count(distinct user_id) as traders
from spot_trades
group by all
order by hour_utc
