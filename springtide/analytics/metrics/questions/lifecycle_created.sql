-- The period in which a user's profile was made: that of the first event where this is not known.
-- grain: user_no · began_period (null where it lies outside the periods); reads created (local_no, null if unknown), first_seen, asked_periods
select f.user_no, p.period_no as began_period
from first_seen as f
left join created as c on f.user_no = c.user_no
left join asked_periods as p on coalesce(c.local_no, f.local_no) = p.local_no
