-- title: Volume, fees and net revenue by day
-- 标题: 每日成交额、手续费与净收入
-- question: What do trading and fees bring, day by day?
-- 问题: 每天的成交和手续费带来多少？
-- needs: money
select
    day,
    sum(spot_volume_usdt) as spot_volume_usdt,
    sum(contract_volume_usdt) as contract_volume_usdt,
    sum(spot_fees_usdt + contract_fees_usdt) as fees_usdt,
    sum(net_revenue_usdt) as net_revenue_usdt
from user_days
group by day
order by day
