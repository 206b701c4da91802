-- What each series comes to in each period, by group.
-- grain: value, series_no, period_no · events, users, amount; reads series_counted
select
    value, series_no, period_no, count(*) as events, count(distinct user_no) as users,
    cast(sum(amount) as decimal(38, 12)) as amount
from series_counted
group by value, series_no, period_no
