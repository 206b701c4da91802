-- Counted users by the strata of two stratifications, with what they hold and what they brought.
-- grain: down_stratum (of $down), across_stratum (of $across) · users, money in 1e-6 USDT; reads strata and profiles of one day
with placed as (
    select
        s.user_no,
        case $down
            when 'lifecycle' then s.lifecycle
            when 'tenure' then s.tenure
            when 'activity' then s.activity
            when 'frequency' then s.frequency
            when 'assets' then s.assets
            when 'behaviour' then s.behaviour
            when 'value' then s.value
            when 'incentive' then s.incentive
            when 'vip_distance' then s.vip_distance
        end as down_stratum,
        case $across
            when 'lifecycle' then s.lifecycle
            when 'tenure' then s.tenure
            when 'activity' then s.activity
            when 'frequency' then s.frequency
            when 'assets' then s.assets
            when 'behaviour' then s.behaviour
            when 'value' then s.value
            when 'incentive' then s.incentive
            when 'vip_distance' then s.vip_distance
        end as across_stratum
    from strata as s
    where s.is_counted
)
select
    x.down_stratum,
    x.across_stratum,
    count(*) as users,
    cast(coalesce(sum(p.equity_usdt), 0) as bigint) as equity_usdt,
    cast(coalesce(sum(p.net_revenue_90d_usdt), 0) as bigint) as net_revenue_90d_usdt
from placed as x
inner join profiles as p on x.user_no = p.user_no
where x.down_stratum is not null and x.across_stratum is not null
group by x.down_stratum, x.across_stratum
order by x.down_stratum nulls last, x.across_stratum nulls last
