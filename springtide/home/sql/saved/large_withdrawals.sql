-- title: Withdrew most of what they held
-- 标题: 提走大部分资产的用户
-- question: Who took out 80 % or more of their assets in thirty days?
-- 问题: 谁在三十天内提走了八成以上的资产？
-- needs: money
select user_id, withdrawal_30d_usdt, equity_usdt, deposit_30d_usdt, last_trade_on, vip_level
from profiles
where is_counted and withdrawal_30d_usdt > 0 and withdrawal_30d_usdt >= 4 * equity_usdt
order by withdrawal_30d_usdt desc
