-- title: Users liquidated by week
-- 标题: 每周被强平的用户
-- question: How many users were liquidated, of those who traded contracts?
-- 问题: 做合约的用户中有多少被强平？
select
    cast(date_trunc('week', day) as date) as week,
    count(distinct case when contract_trades > 0 then user_id end) as contract_traders,
    count(distinct case when liquidations > 0 then user_id end) as liquidated
from user_days
group by all
order by week
