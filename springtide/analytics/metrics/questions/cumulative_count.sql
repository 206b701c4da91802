-- How many events there are on each local day.
-- grain: local_no · events; reads added_events
select local_no, count(*) as events
from added_events
group by local_no
order by local_no nulls last
