-- The users of one cell of retention: of the cohort $cohort, the column $column and the group $group ($everybody: of all).
-- grain: user_no; reads members, cells, user_groups
with standing as (
    select user_no, cohort_no, 0 as column_no
    from members
    union all
    select user_no, cohort_no, column_no
    from cells
)
select s.user_no
from standing as s
inner join user_groups as g on s.user_no = g.user_no
where s.cohort_no = $cohort and s.column_no = $column and (g.value = $group or $group = $everybody)
order by s.user_no
