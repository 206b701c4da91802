-- The pooled cap of an outcome: its quantile over all arms together, by nearest rank, and what lies above.
-- A yes or no has no tail, and a quantile of nothing would take all: there the cap is the largest value, and takes nothing.
-- grain: one row · persons, smaller_arm (persons), cap_usdt (null without persons); reads outcomes (arm, y_usdt)
with arms as (
    select arm, count(*) as persons
    from outcomes
    group by arm
),
sizes as (
    select cast(sum(persons) as bigint) as persons, min(persons) as smaller_arm
    from arms
),
capped as (
    select quantile_disc(y_usdt, 0.99) as firm_usdt, quantile_disc(y_usdt, 0.999) as gentle_usdt, max(y_usdt) as largest_usdt
    from outcomes
),
chosen as (
    select
        s.persons, s.smaller_arm, c.largest_usdt,
        case when s.smaller_arm >= $large_arm then c.gentle_usdt else c.firm_usdt end as quantile_usdt
    from sizes as s
    cross join capped as c
)
select
    persons,
    smaller_arm,
    case when quantile_usdt <= 0 or largest_usdt <= 1 then largest_usdt else quantile_usdt end as cap_usdt
from chosen
