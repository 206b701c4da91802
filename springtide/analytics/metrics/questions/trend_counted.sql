-- Every event in every period of a series that counts it, with its group: $other beyond the $limit values with the most events.
-- grain: an event in a period of a series · series_no, period_no, user_no, amount, value; reads series_lines, series_periods
with counted as (
    select l.series_no, p.period_no, l.user_no, l.amount, l.value
    from series_lines as l
    inner join series_periods as p on l.series_no = p.series_no and l.local_no = p.local_no
),
sizes as (
    select value, count(*) as events
    from counted
    group by value
),
ranked as (
    select value, row_number() over (order by events desc nulls last, value nulls last) as size_rank -- allow ties: one row a value
    from sizes
)
select c.series_no, c.period_no, c.user_no, c.amount, case when r.size_rank <= $limit then c.value else $other end as value
from counted as c
inner join ranked as r on c.value = r.value
