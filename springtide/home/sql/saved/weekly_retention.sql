-- title: Weekly retention of first traders
-- 标题: 首次交易用户的周留存
-- question: Of those who first traded in a week, how many traded in the weeks after?
-- 问题: 某周首次交易的用户，之后几周还有多少在交易？
with first_weeks as (
    select user_id, cast(date_trunc('week', first_trade_on) as date) as cohort
    from profiles
    where is_counted and first_trade_on is not null
),
active_weeks as (
    select distinct user_id, cast(date_trunc('week', day) as date) as week
    from active_days
    where product = 'trading'
)
select f.cohort, datediff('week', f.cohort, a.week) as weeks_after, count(*) as users
from first_weeks as f
inner join active_weeks as a using (user_id)
where a.week >= f.cohort
group by all
order by f.cohort, weeks_after
