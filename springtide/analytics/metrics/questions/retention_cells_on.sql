-- Who of a cohort came back in the periods of each column, at least $least times in all of them together.
-- grain: user_no, cohort_no, column_no; reads returned, asked_columns
select r.user_no, r.cohort_no, c.column_no
from returned as r
inner join asked_columns as c on r.offset_no >= c.from_offset and r.offset_no <= c.to_offset
group by r.user_no, r.cohort_no, c.column_no
having cast(sum(r.times) as bigint) >= $least
