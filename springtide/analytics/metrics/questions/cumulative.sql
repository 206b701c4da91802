-- What is added on each local day.
-- grain: local_no · amount; reads added_events
select local_no, cast(sum(amount) as decimal(38, 12)) as amount
from added_events
group by local_no
order by local_no nulls last
