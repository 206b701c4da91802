-- title: Came back after two weeks
-- 标题: 沉默两周后回归的用户
-- question: Who trades again after two weeks or more without a trade?
-- 问题: 谁在两周以上没有交易之后又回来了？
with gaps as (
    select user_id, day, day - lag(day) over (partition by user_id order by day) as silent_days
    from active_days
    where product = 'trading'
)
select user_id, day as came_back_on, silent_days
from gaps
where silent_days >= 14
order by came_back_on desc, silent_days desc
