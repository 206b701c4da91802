-- title: Top users by net revenue
-- 标题: 净收入最高的用户
-- question: Who earns us most in 90 days, and when did they last trade?
-- 问题: 九十天内谁带来的净收入最高，最近一次交易是什么时候？
-- needs: money
select user_id, net_revenue_90d_usdt, volume_90d_usdt, equity_usdt, vip_level, last_trade_on
from profiles
where is_counted
order by net_revenue_90d_usdt desc nulls last
limit 100
