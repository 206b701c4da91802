-- Counted users with the group in which they stood at the end of one of two periods.
-- grain: user_no · group_key; reads profiles, user_groups
-- $is_now: the later of the two as they were asked for. Who stood nowhere is $nobody.
select p.user_no, coalesce(case when $is_now then g.group_now else g.group_then end, $nobody) as group_key
from profiles as p
left join user_groups as g on p.user_no = g.user_no
where p.is_counted
