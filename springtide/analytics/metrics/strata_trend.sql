-- How many counted users stand in each stratum of $stratification on one day.
-- grain: stratum (those with at least one user) · users; reads strata, as of one day
with placed as (
    select
        case $stratification
            when 'lifecycle' then s.lifecycle
            when 'tenure' then s.tenure
            when 'activity' then s.activity
            when 'frequency' then s.frequency
            when 'assets' then s.assets
            when 'behaviour' then s.behaviour
            when 'value' then s.value
            when 'incentive' then s.incentive
            when 'vip_distance' then s.vip_distance
        end as stratum
    from strata as s
    where s.is_counted
)
select stratum, count(*) as users
from placed
where stratum is not null
group by stratum
order by stratum nulls last
