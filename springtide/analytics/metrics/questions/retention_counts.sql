-- How many users stand in each cell, by group; column 0 is the cohort.
-- grain: value, cohort_no, column_no · users; reads members, cells, user_groups
with standing as (
    select user_no, cohort_no, 0 as column_no
    from members
    union all
    select user_no, cohort_no, column_no
    from cells
)
select g.value, s.cohort_no, s.column_no, count(*) as users
from standing as s
inner join user_groups as g on s.user_no = g.user_no
group by g.value, s.cohort_no, s.column_no
