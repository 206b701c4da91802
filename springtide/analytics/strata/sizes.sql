-- How many users stand in each stratum.
-- grain: (stratification, stratum, is_counted) with at least one user · users; reads strata, as of one day
-- is_counted false: employees, tests and market makers, who are outside every user metric unless asked for. A stratification that is not
-- available has no rows: its size is not known, it is not zero.
select 'lifecycle' as stratification, lifecycle as stratum, is_counted, count(*) as users
from strata
where lifecycle is not null
group by lifecycle, is_counted
union all
select 'tenure' as stratification, tenure as stratum, is_counted, count(*) as users
from strata
where tenure is not null
group by tenure, is_counted
union all
select 'activity' as stratification, activity as stratum, is_counted, count(*) as users
from strata
where activity is not null
group by activity, is_counted
union all
select 'frequency' as stratification, frequency as stratum, is_counted, count(*) as users
from strata
where frequency is not null
group by frequency, is_counted
union all
select 'assets' as stratification, assets as stratum, is_counted, count(*) as users
from strata
where assets is not null
group by assets, is_counted
union all
select 'behaviour' as stratification, behaviour as stratum, is_counted, count(*) as users
from strata
where behaviour is not null
group by behaviour, is_counted
union all
select 'value' as stratification, value as stratum, is_counted, count(*) as users
from strata
where value is not null
group by value, is_counted
union all
select 'incentive' as stratification, incentive as stratum, is_counted, count(*) as users
from strata
where incentive is not null
group by incentive, is_counted
union all
select 'vip_distance' as stratification, vip_distance as stratum, is_counted, count(*) as users
from strata
where vip_distance is not null
group by vip_distance, is_counted
