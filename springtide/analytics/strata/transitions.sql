-- From which stratum to which: everybody between two as-of days, those who stayed included.
-- grain: (stratification, from_stratum, to_stratum, is_counted) · users; reads strata_before and strata, two as-of days of one table
-- from_stratum is null for users who came after the first day, to_stratum for users who are gone (a voided registration, an account
-- that became a sub-account): so the rows add up to the users of the first day by from_stratum, and to those of the second by
-- to_stratum. Only stratifications available on both days are told. is_counted is that of the second day.
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
steps as (
    select
        coalesce(a.is_counted, b.is_counted) as is_counted,
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
        end as from_stratum,
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
        end as to_stratum
    from strata as a
    full join strata_before as b on a.user_no = b.user_no
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
