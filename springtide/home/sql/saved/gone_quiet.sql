-- title: Became quiet in the last two weeks
-- 标题: 最近两周变得沉默的用户
-- question: Whose last trade is now a week or a month ago?
-- 问题: 谁已经一周或一个月没有交易？
select m.day, m.user_id, m.was, m.becomes, p.country, p.language, p.vip_level, p.trades_90d
from moves as m
inner join profiles as p using (user_id)
where m.kind = 'stratum' and m.key = 'activity' and m.becomes in ('cooling', 'quiet')
    and m.day > (select max(day) from moves) - 14 and p.is_counted
order by m.day desc, p.trades_90d desc
