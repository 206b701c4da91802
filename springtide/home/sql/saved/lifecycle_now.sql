-- title: Users by lifecycle
-- 标题: 各生命周期的用户数
-- question: Where do our users stand?
-- 问题: 用户现在处在什么阶段？
select lifecycle, count(*) as users, round(100.0 * count(*) / sum(count(*)) over (), 1) as percent
from strata
where is_counted
group by lifecycle
order by users desc
