-- How many users stand in each stratum of each stratification on one day: those who are counted, or $everyone.
-- grain: stratification, stratum (those with at least one user) · users; reads strata, as of one day
-- A stratification that was not available has no rows: its sizes are not known, they are not zero.
select 'lifecycle' as stratification, lifecycle as stratum, count(*) as users
from strata
where (is_counted or $everyone) and lifecycle is not null
group by lifecycle
union all
select 'tenure' as stratification, tenure as stratum, count(*) as users
from strata
where (is_counted or $everyone) and tenure is not null
group by tenure
union all
select 'activity' as stratification, activity as stratum, count(*) as users
from strata
where (is_counted or $everyone) and activity is not null
group by activity
union all
select 'frequency' as stratification, frequency as stratum, count(*) as users
from strata
where (is_counted or $everyone) and frequency is not null
group by frequency
union all
select 'assets' as stratification, assets as stratum, count(*) as users
from strata
where (is_counted or $everyone) and assets is not null
group by assets
union all
select 'behaviour' as stratification, behaviour as stratum, count(*) as users
from strata
where (is_counted or $everyone) and behaviour is not null
group by behaviour
union all
select 'value' as stratification, value as stratum, count(*) as users
from strata
where (is_counted or $everyone) and value is not null
group by value
union all
select 'incentive' as stratification, incentive as stratum, count(*) as users
from strata
where (is_counted or $everyone) and incentive is not null
group by incentive
union all
select 'vip_distance' as stratification, vip_distance as stratum, count(*) as users
from strata
where (is_counted or $everyone) and vip_distance is not null
group by vip_distance
