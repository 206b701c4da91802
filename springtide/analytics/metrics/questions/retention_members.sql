-- Who is in which cohort, and since when.
-- grain: user_no, cohort_no · start_us (the first start event in the cohort's period); reads retention_events, asked_periods
-- With $is_first_match only those whose first start event of all lies in the period.
with starts as (
    select user_no, at_us, local_no
    from retention_events
    where is_start
),
firsts as (
    select user_no, min(at_us) as first_us
    from starts
    group by user_no
),
cohorts as (
    select s.user_no, p.period_no as cohort_no, min(s.at_us) as start_us
    from starts as s
    inner join asked_periods as p on s.local_no = p.local_no
    where p.period_no < $cohorts
    group by s.user_no, p.period_no
)
select c.user_no, c.cohort_no, c.start_us
from cohorts as c
inner join firsts as f on c.user_no = f.user_no
where not $is_first_match or c.start_us = f.first_us
