-- title: Takers of rewards by campaign
-- 标题: 各活动的奖励领取者
-- question: How many users took and used the rewards of each campaign?
-- 问题: 每个活动有多少用户领取并使用了奖励？
select
    campaign_ref,
    count(distinct case when action = 'grant' then user_id end) as took,
    count(distinct case when action in ('consume_fee', 'consume_loss', 'convert') then user_id end) as used,
    min(happened_at) as first_at,
    max(happened_at) as last_at
from reward_entries
group by all
order by took desc
