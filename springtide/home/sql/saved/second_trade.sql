-- title: One trading day and no second
-- 标题: 只交易过一天的用户
-- question: Who traded on a single day and has been silent for a week or more?
-- 问题: 谁只交易过一天，之后至少一周没有再交易？
select p.user_id, p.first_trade_on, p.days_since_trade, p.trades_all, s.lifecycle
from profiles as p
inner join strata as s using (user_id)
where p.is_counted and p.first_trade_on = p.last_trade_on and p.days_since_trade >= 7
order by p.first_trade_on desc, p.user_id
