-- The first start of each user and the first return that is not before it.
-- grain: user_no · start_us, return_us (null: none); reads start_and_return
with starts as (
    select user_no, min(at_us) as start_us
    from start_and_return
    where is_start
    group by user_no
)
select s.user_no, s.start_us, min(case when e.is_return and e.at_us >= s.start_us then e.at_us end) as return_us
from starts as s
inner join start_and_return as e on s.user_no = e.user_no
group by s.user_no, s.start_us
