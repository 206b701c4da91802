-- How many users were active in how many periods.
-- grain: periods · users; reads presence (one row per user and period in which the user was active)
with counted as (
    select user_no, count(*) as periods
    from presence
    group by user_no
)
select periods, count(*) as users
from counted
group by periods
order by periods nulls last
