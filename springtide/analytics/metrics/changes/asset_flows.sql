-- What moved the assets of counted users on the days after $then_on up to $now_on, as their facts say it.
-- grain: one row · money in 1e-6 USDT; reads user_days, profiles
-- Rewards are those that went into wallets: conversions and covered losses. A voucher is inside the fee already.
with outside as (
    select user_no
    from profiles
    where not is_counted
)
select
    cast(coalesce(sum(d.deposit_usdt - d.withdrawal_usdt), 0) as bigint) as net_deposit_usdt,
    cast(coalesce(sum(d.realised_pnl_usdt), 0) as bigint) as contract_pnl_usdt,
    cast(coalesce(sum(d.spot_fees_usdt + d.contract_fees_usdt), 0) as bigint) as fees_usdt,
    cast(coalesce(sum(d.rewards_cost_usdt), 0) as bigint) as rewards_usdt
from user_days as d
left join outside as o on d.user_no = o.user_no
where d.day > $then_on and d.day <= $now_on and o.user_no is null
