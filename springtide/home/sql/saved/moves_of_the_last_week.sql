-- title: Moves between lifecycles in the last week
-- 标题: 最近一周的生命周期变动
-- question: From where to where did users move?
-- 问题: 用户从哪里移动到了哪里？
select coalesce(was, '(new)') as was, becomes, count(*) as users
from moves
where kind = 'stratum' and key = 'lifecycle' and day > (select max(day) from moves) - 7
group by all
order by users desc
