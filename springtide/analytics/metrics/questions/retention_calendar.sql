-- How often members of a cohort came back in each calendar period after it.
-- grain: user_no, cohort_no, offset_no (periods after the cohort, from 1) · times
-- reads members, retention_events, asked_periods; periods from $beyond on are not observed
with returns as (
    select e.user_no, p.period_no, count(*) as times
    from retention_events as e
    inner join asked_periods as p on e.local_no = p.local_no
    where e.is_return and p.period_no < $beyond
    group by e.user_no, p.period_no
)
select m.user_no, m.cohort_no, r.period_no - m.cohort_no as offset_no, r.times
from members as m
inner join returns as r on m.user_no = r.user_no and r.period_no > m.cohort_no
