-- Who stands in another stratum than on the day before.
-- grain: (user_no, key) that changed on $day, key a stratification · was null and is_first true for a user who had no stratum before
-- reads strata (as of $day) and strata_before (as of the day closed before it; empty at the beginning): one column per stratification,
-- null where it was not available. A stratification that becomes available places everybody for the first time; one that ceases to be
-- leaves no row, since nobody moved. Both are seen from the availability of the day.
with stratifications as (
    select 'lifecycle' as stratification union all
    select 'tenure' union all
    select 'activity' union all
    select 'frequency' union all
    select 'assets' union all
    select 'behaviour' union all
    select 'value' union all
    select 'incentive' union all
    select 'vip_distance'
),
-- One pass for all nine: a union of nine selects would join nine times on an engine that does not keep what it has read. The columns
-- keep their names up to the CASE: renamed before it, Spark's optimiser tries every combination of old and new names, and dies.
steps as (
    select
        a.user_no,
        s.stratification,
        case s.stratification
            when 'lifecycle' then b.lifecycle
            when 'tenure' then b.tenure
            when 'activity' then b.activity
            when 'frequency' then b.frequency
            when 'assets' then b.assets
            when 'behaviour' then b.behaviour
            when 'value' then b.value
            when 'incentive' then b.incentive
            when 'vip_distance' then b.vip_distance
        end as was,
        case s.stratification
            when 'lifecycle' then a.lifecycle
            when 'tenure' then a.tenure
            when 'activity' then a.activity
            when 'frequency' then a.frequency
            when 'assets' then a.assets
            when 'behaviour' then a.behaviour
            when 'value' then a.value
            when 'incentive' then a.incentive
            when 'vip_distance' then a.vip_distance
        end as becomes
    from strata as a
    left join strata_before as b on a.user_no = b.user_no
    cross join stratifications as s
    where
        b.user_no is null
        or coalesce(a.lifecycle, '') <> coalesce(b.lifecycle, '')
        or coalesce(a.tenure, '') <> coalesce(b.tenure, '')
        or coalesce(a.activity, '') <> coalesce(b.activity, '')
        or coalesce(a.frequency, '') <> coalesce(b.frequency, '')
        or coalesce(a.assets, '') <> coalesce(b.assets, '')
        or coalesce(a.behaviour, '') <> coalesce(b.behaviour, '')
        or coalesce(a.value, '') <> coalesce(b.value, '')
        or coalesce(a.incentive, '') <> coalesce(b.incentive, '')
        or coalesce(a.vip_distance, '') <> coalesce(b.vip_distance, '')
)
select
    user_no,
    cast($day as date) as day,
    'stratum' as kind,
    stratification as key,
    was,
    becomes,
    was is null as is_first
from steps
where becomes is not null and (was is null or was <> becomes)
