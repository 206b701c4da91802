-- Who of a cohort came back at least $least times in a period of each column, or in any period after that.
-- grain: user_no, cohort_no, column_no; reads returned, asked_columns
with latest as (
    select user_no, cohort_no, max(offset_no) as last_offset
    from returned
    where times >= $least
    group by user_no, cohort_no
)
select l.user_no, l.cohort_no, c.column_no
from latest as l
inner join asked_columns as c on l.last_offset >= c.from_offset
