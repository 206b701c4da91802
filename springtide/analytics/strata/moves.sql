-- Who stands in another stratum than on the day before.
-- grain: (user_no, stratification) that changed on $day · from_stratum null and is_first true for a user who had no stratum before
-- reads strata (as of $day) and strata_before (as of the day closed before it; empty at the beginning): one column per stratification,
-- null where it was not available. A stratification that becomes available places everybody for the first time; one that ceases to be
-- leaves no row, since nobody moved. Both are seen from the availability of the day.
with pairs as (
    select
        a.user_no,
        b.lifecycle as lifecycle_before, a.lifecycle as lifecycle_after,
        b.tenure as tenure_before, a.tenure as tenure_after,
        b.activity as activity_before, a.activity as activity_after,
        b.frequency as frequency_before, a.frequency as frequency_after,
        b.assets as assets_before, a.assets as assets_after,
        b.behaviour as behaviour_before, a.behaviour as behaviour_after,
        b.value as value_before, a.value as value_after,
        b.incentive as incentive_before, a.incentive as incentive_after,
        b.vip_distance as vip_distance_before, a.vip_distance as vip_distance_after
    from strata as a
    left join strata_before as b on a.user_no = b.user_no
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
),
stratifications as (
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
steps as (
    -- One pass for all nine: a union of nine selects would join nine times where an engine does not keep what it has read.
    select
        p.user_no,
        s.stratification,
        case s.stratification
            when 'lifecycle' then p.lifecycle_before
            when 'tenure' then p.tenure_before
            when 'activity' then p.activity_before
            when 'frequency' then p.frequency_before
            when 'assets' then p.assets_before
            when 'behaviour' then p.behaviour_before
            when 'value' then p.value_before
            when 'incentive' then p.incentive_before
            when 'vip_distance' then p.vip_distance_before
        end as from_stratum,
        case s.stratification
            when 'lifecycle' then p.lifecycle_after
            when 'tenure' then p.tenure_after
            when 'activity' then p.activity_after
            when 'frequency' then p.frequency_after
            when 'assets' then p.assets_after
            when 'behaviour' then p.behaviour_after
            when 'value' then p.value_after
            when 'incentive' then p.incentive_after
            when 'vip_distance' then p.vip_distance_after
        end as to_stratum
    from pairs as p
    cross join stratifications as s
)
select
    user_no,
    cast($day as date) as day,
    stratification,
    from_stratum,
    to_stratum,
    from_stratum is null as is_first
from steps
where to_stratum is not null and (from_stratum is null or from_stratum <> to_stratum)
