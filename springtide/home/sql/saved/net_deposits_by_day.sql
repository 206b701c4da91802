-- title: Deposits and withdrawals by day
-- 标题: 每日入金与出金
-- question: Does money come in or go out?
-- 问题: 资金是流入还是流出？
-- needs: money
select
    day,
    sum(deposit_usdt) as deposits_usdt,
    sum(withdrawal_usdt) as withdrawals_usdt,
    sum(deposit_usdt) - sum(withdrawal_usdt) as net_usdt
from user_days
group by day
order by day
