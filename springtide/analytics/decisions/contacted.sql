-- How often each candidate was contacted inside the windows of the caps.
-- grain: user_no · of_class, of_channel, of_all, outreach (contacts); who was not contacted has no row
-- reads contacts (user_no, contacted_at, channel, message_class, is_outreach), candidates and clock_groups (where the windows begin)
-- Service messages count towards no cap, and calls and chats towards the one on outreach and the one on everything.
select
    c.user_no,
    count(case when k.message_class = $message_class and k.contacted_at >= g.class_since_at then 1 end) as of_class,
    count(case when k.channel = $channel and k.contacted_at >= g.channel_since_at then 1 end) as of_channel,
    count(case when k.contacted_at >= g.overall_since_at then 1 end) as of_all,
    count(case when k.is_outreach and k.contacted_at >= g.outreach_since_at then 1 end) as outreach
from contacts as k
inner join candidates as c on k.user_no = c.user_no
inner join clock_groups as g on c.clock_group = g.clock_group
where k.message_class <> 'service'
group by c.user_no
