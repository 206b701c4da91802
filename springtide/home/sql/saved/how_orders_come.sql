-- title: How orders come
-- 标题: 订单从哪里来
-- question: How many trade by app, web, API, copy or bot?
-- 问题: 用户通过 App、网页、API、跟单还是机器人下单？
select coalesce(via, '(unknown)') as via, count(*) as trades, count(distinct user_id) as traders
from spot_trades
group by all
order by trades desc
