-- title: Deposited and never traded
-- 标题: 入金后从未交易
-- question: Who put money in and has not traded yet?
-- 问题: 谁入了金却还没有交易？
select user_id, registered_on, first_deposit_on, country, language, channel_id, days_since_first_deposit
from profiles
where is_counted and first_deposit_on is not null and first_trade_on is null
order by first_deposit_on desc, user_id
