-- Who was active in which of the periods asked for.
-- grain: user_no, period_no; reads active_events, asked_periods (the local hours or days of the periods)
select distinct e.user_no, p.period_no
from active_events as e
inner join asked_periods as p on e.local_no = p.local_no
