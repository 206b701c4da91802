-- What counted users did on every day from $since to $until.
-- grain: day · counts of users and fills, money in 1e-6 USDT; reads user_days, profiles
-- A day on which nobody did anything has no row.
with outside as (
    select user_no
    from profiles
    where not is_counted
)
select
    d.day,
    count(case when d.spot_trades + d.contract_trades > 0 then 1 end) as traders,
    count(case when d.contract_trades > 0 then 1 end) as contract_traders,
    cast(coalesce(sum(d.spot_volume_usdt), 0) as bigint) as spot_volume_usdt,
    cast(coalesce(sum(d.contract_volume_usdt), 0) as bigint) as contract_volume_usdt,
    cast(coalesce(sum(d.spot_volume_usdt + d.contract_volume_usdt), 0) as bigint) as volume_usdt,
    cast(coalesce(sum(d.spot_fees_usdt + d.contract_fees_usdt), 0) as bigint) as fees_usdt,
    cast(coalesce(sum(d.net_revenue_usdt), 0) as bigint) as net_revenue_usdt,
    cast(coalesce(sum(d.deposit_usdt - d.withdrawal_usdt), 0) as bigint) as net_deposit_usdt
from user_days as d
left join outside as o on d.user_no = o.user_no
where d.day >= $since and d.day <= $until and o.user_no is null
group by d.day
order by d.day
