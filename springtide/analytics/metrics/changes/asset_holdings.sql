-- What counted users hold of every asset on the days of a snapshot, with its close.
-- grain: asset, day · money in 1e-6 USDT; reads balances, prices, profiles
-- A bonus wallet is the exchange's money and no holding. An asset without a price has no close.
with outside as (
    select user_no
    from profiles
    where not is_counted
),
held as (
    select b.day, b.asset, cast(sum(b.usdt) as bigint) as held_usdt
    from balances as b
    left join outside as o on b.user_no = o.user_no
    where b.day >= $then_on and b.day <= $now_on and b.product <> 'bonus' and o.user_no is null
    group by b.day, b.asset
)
select h.asset, h.day, h.held_usdt, p.close_usdt
from held as h
left join prices as p on h.asset = p.asset and h.day = p.day
order by h.asset, h.day
