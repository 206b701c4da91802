-- title: Messages by campaign and outcome
-- 标题: 各活动的消息结果
-- question: What became of what we sent?
-- 问题: 发出的消息结果如何？
select campaign_ref, channel, outcome, count(*) as messages, count(distinct user_id) as users
from messages
group by all
order by messages desc
