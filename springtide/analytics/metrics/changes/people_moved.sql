-- Counted users with the move between the ends of two periods.
-- grain: user_no · group_key, as `active → cooling`; reads profiles, user_groups
-- Who stood nowhere is $nobody.
select p.user_no, coalesce(g.group_then, $nobody) || ' → ' || coalesce(g.group_now, $nobody) as group_key
from profiles as p
left join user_groups as g on p.user_no = g.user_no
where p.is_counted
