-- title: Lifecycle by day
-- 标题: 每日生命周期分布
-- question: How did the strata of lifecycle grow and shrink?
-- 问题: 各生命周期的人数怎样变化？
select as_of, lifecycle, count(*) as users
from strata_days
where is_counted
group by all
order by as_of, lifecycle
