-- The period in which a user was first active ever.
-- grain: user_no · began_period (null where it lies before the periods asked for); reads first_seen, asked_periods
select f.user_no, p.period_no as began_period
from first_seen as f
left join asked_periods as p on f.local_no = p.local_no
