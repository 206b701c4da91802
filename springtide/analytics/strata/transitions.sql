-- From which stratum to which: everybody between two as-of days, those who stayed included.
-- grain: (stratification, from_stratum, to_stratum, is_counted) · users; reads strata_before and strata, two as-of days of the same table
-- from_stratum is null for users who came after the first day, to_stratum for users who are gone (a voided registration, an account that
-- became a sub-account): so the rows add up to the users of the first day by from_stratum, and to those of the second by to_stratum.
-- Only stratifications available on both days are told. is_counted is that of the second day.
with pairs as (
    select
        coalesce(a.is_counted, b.is_counted) as is_counted,
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
    full join strata_before as b on a.user_no = b.user_no
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
    select
        p.is_counted,
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
),
counted as (
    select stratification, from_stratum, to_stratum, is_counted, count(*) as users
    from steps
    group by stratification, from_stratum, to_stratum, is_counted
),
told as (
    select stratification
    from counted
    group by stratification
    having count(from_stratum) > 0 and count(to_stratum) > 0
)
select c.stratification, c.from_stratum, c.to_stratum, c.is_counted, c.users
from counted as c
inner join told as t on c.stratification = t.stratification
