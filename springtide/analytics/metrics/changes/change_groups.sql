-- The users of a period by the group in which they stood before it and stand after it, summed.
-- grain: group_then, group_now · counts, money in 1e-6 USDT; reads period_users, user_groups
select
    g.group_then,
    g.group_now,
    cast(sum(p.traders) as bigint) as traders,
    cast(sum(p.trades) as bigint) as trades,
    cast(sum(p.spot_volume_usdt) as bigint) as spot_volume_usdt,
    cast(sum(p.contract_volume_usdt) as bigint) as contract_volume_usdt,
    cast(sum(p.volume_usdt) as bigint) as volume_usdt,
    cast(sum(p.fees_usdt) as bigint) as fees_usdt,
    cast(sum(p.net_revenue_usdt) as bigint) as net_revenue_usdt,
    cast(sum(p.net_deposit_usdt) as bigint) as net_deposit_usdt,
    cast(sum(p.registrants) as bigint) as registrants,
    cast(sum(p.matured_registrants) as bigint) as matured_registrants,
    cast(sum(p.first_traders_7d) as bigint) as first_traders_7d,
    cast(sum(p.first_depositors) as bigint) as first_depositors,
    cast(sum(p.matured_depositors) as bigint) as matured_depositors,
    cast(sum(p.first_traders_24h) as bigint) as first_traders_24h
from period_users as p
left join user_groups as g on p.user_no = g.user_no
group by g.group_then, g.group_now
order by g.group_then nulls first, g.group_now nulls first
