-- title: Markets by traders
-- 标题: 各市场的交易用户
-- question: Which markets do users trade?
-- 问题: 用户在交易哪些市场？
with fills as (
    select market, user_id, 'spot' as product from spot_trades
    union all
    select market, user_id, 'contract' as product from contract_trades
)
select market, product, count(*) as trades, count(distinct user_id) as traders
from fills
group by all
order by traders desc, trades desc
