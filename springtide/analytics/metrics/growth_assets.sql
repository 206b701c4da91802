-- What every user held at the end of which period, where it is $floor_usdt or more.
-- grain: user_no, period_no · value in 1e-6 USDT; reads equity_days, profiles, period_ends (the last known day of every period of the history)
-- A user is new at the first period end of the full history at which they hold that much.
with outside as (
    select user_no
    from profiles
    where not is_counted
),
held as (
    select e.user_no, p.period_no, e.equity_usdt
    from equity_days as e
    inner join period_ends as p on e.day = p.day
    left join outside as o on e.user_no = o.user_no
    where e.equity_usdt >= $floor_usdt and o.user_no is null
),
firsts as (
    select user_no, min(period_no) as first_no
    from held
    group by user_no
)
select h.user_no, h.period_no, h.period_no = f.first_no as is_first, h.equity_usdt as value
from held as h
inner join firsts as f on h.user_no = f.user_no
where h.period_no >= $from_no
