-- Who fell silent and who came back on the days after $before up to $day.
-- grain: one row · counts of users; reads moves, profiles (as of the last closed day: they say who is counted)
-- A user who came twice counts once. Who first traded after $before is new and not back.
select
    count(distinct case when m.becomes = 'quiet' then m.user_no end) as gone_quiet,
    count(distinct case when m.becomes = 'active' and p.first_trade_on <= $before then m.user_no end) as active_again
from moves as m
inner join profiles as p on m.user_no = p.user_no
where m.kind = 'stratum' and m.key = 'activity' and m.day > $before and m.day <= $day and p.is_counted
