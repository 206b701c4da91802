-- Who stands elsewhere after a range of days than before it, in every stratification, with what they hold and brought.
-- grain: stratification, from_stratum, to_stratum · users, money in 1e-6 USDT; reads moves, strata and profiles (as of the last day)
-- A user's first move in the range says where they came from, the last where they are: whoever went and came back has not moved.
-- from_stratum is null for users who had no stratum before.
with outside as (
    select user_no
    from strata
    where not is_counted
),
journeys as (
    select
        m.user_no,
        m.key as stratification,
        nullif(arg_min(coalesce(m.was, ''), m.day), '') as from_stratum,
        arg_max(m.becomes, m.day) as to_stratum
    from moves as m
    left join outside as o on m.user_no = o.user_no
    where m.kind = 'stratum' and m.day >= $since and m.day <= $until and o.user_no is null
    group by m.user_no, m.key
)
select
    j.stratification,
    j.from_stratum,
    j.to_stratum,
    count(*) as users,
    cast(coalesce(sum(p.equity_usdt), 0) as bigint) as equity_usdt,
    cast(coalesce(sum(p.net_revenue_90d_usdt), 0) as bigint) as net_revenue_90d_usdt
from journeys as j
left join profiles as p on j.user_no = p.user_no
where j.from_stratum is null or j.from_stratum <> j.to_stratum
group by j.stratification, j.from_stratum, j.to_stratum
order by j.stratification nulls last, j.from_stratum nulls first, j.to_stratum nulls last
