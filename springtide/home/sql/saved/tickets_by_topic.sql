-- title: Tickets by topic
-- 标题: 各主题的工单
-- question: What do users complain about, and how long do they wait?
-- 问题: 用户在抱怨什么，等了多久？
select
    topic,
    count(*) as tickets,
    count(case when resolved_at is null then 1 end) as open,
    round(median(datediff('minute', opened_at, first_replied_at)) / 60, 1) as median_hours_to_reply,
    round(avg(csat), 2) as mean_csat
from tickets
group by all
order by tickets desc
