-- How often members of a cohort came back in each elapsed period since their start event.
-- grain: user_no, cohort_no, offset_no (whole lengths of $length_us since start_us, from 1) · times
-- reads members, retention_events, asked_periods; what lies in calendar periods from $beyond on is not observed
with returns as (
    select e.user_no, e.at_us
    from retention_events as e
    inner join asked_periods as p on e.local_no = p.local_no
    where e.is_return and p.period_no < $beyond
),
elapsed as (
    select
        m.user_no, m.cohort_no,
        cast(floor(cast(r.at_us - m.start_us as double) / nullif(cast($length_us as double), 0)) as bigint) as offset_no
    from members as m
    inner join returns as r on m.user_no = r.user_no and r.at_us > m.start_us
)
select user_no, cohort_no, offset_no, count(*) as times
from elapsed
where offset_no > 0
group by user_no, cohort_no, offset_no
