-- title: Rewards against fees
-- 标题: 奖励与手续费之比
-- question: Whose rewards cost us more than their fees bring?
-- 问题: 谁的奖励成本超过了手续费？
-- needs: money
select user_id, rewards_consumed_90d_usdt, fees_90d_usdt, net_revenue_90d_usdt, trades_90d
from profiles
where is_counted and rewards_consumed_90d_usdt > 0
order by rewards_consumed_90d_usdt - fees_90d_usdt desc
