-- The tickets that users of each group opened in each period, and how satisfied they were.
-- grain: period_on, group_key · counts; csat_millionths in millionths of a point; reads tickets, periods, people
-- A period is [from_at, to_at) in the reporting zone.
select
    r.period_on,
    p.group_key,
    count(*) as tickets,
    count(t.csat) as rated,
    cast(coalesce(sum(cast(floor(cast(t.csat as double) * 1000000.0 + 0.5) as bigint)), 0) as bigint) as csat_millionths
from tickets as t
inner join periods as r on t.opened_at >= r.from_at and t.opened_at < r.to_at
inner join people as p on t.user_no = p.user_no
group by r.period_on, p.group_key
order by r.period_on, p.group_key
