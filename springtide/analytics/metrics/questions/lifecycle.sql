-- In which state every user is in each period: new, returning, resurrecting or dormant.
-- grain: user_no, period_no · state; reads presence (period 0 is the one before those asked for), began (the period that makes a user
-- new, null where it lies before all of these); of $periods periods
with placed as (
    select
        p.user_no, p.period_no, p.period_no + 1 as next_no, b.began_period,
        lag(p.period_no, 1, null) over (partition by p.user_no order by p.period_no) as before_no,
        lead(p.period_no, 1, null) over (partition by p.user_no order by p.period_no) as after_no
    from presence as p
    left join began as b on p.user_no = b.user_no
)
select
    user_no, period_no,
    case
        when began_period = period_no then 'new'
        when before_no = period_no - 1 then 'returning'
        else 'resurrecting'
    end as state
from placed
where period_no > 0
union all
select user_no, next_no as period_no, 'dormant' as state
from placed
where next_no < $periods and (after_no is null or after_no > next_no)
