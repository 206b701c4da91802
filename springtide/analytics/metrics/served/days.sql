-- What the users of each group did in each period, summed over their days.
-- grain: period_on, group_key · counts, money in 1e-6 USDT; reads user_days, windows (which day counts towards which period), people
-- Only days from $since to $until are read. Users are counted once a day here, which is right for periods of one day: users.sql counts them
-- once in longer ones. Whoever was liquidated has used contracts. Given aggregates may know that a user traded and not how often: then the
-- time of a fill says so.
select
    w.period_on,
    p.group_key,
    count(case when d.spot_trades > 0 or d.contract_trades > 0 or d.first_spot_at is not null or d.first_contract_at is not null then 1 end) as traders,
    count(case when d.spot_trades > 0 or d.first_spot_at is not null then 1 end) as spot_traders,
    count(case when d.contract_trades > 0 or d.first_contract_at is not null then 1 end) as contract_traders,
    count(case when d.contract_trades > 0 or d.first_contract_at is not null or d.liquidations > 0 then 1 end) as contract_users,
    count(case when d.liquidations > 0 then 1 end) as liquidated_users,
    cast(sum(d.spot_trades + d.contract_trades) as bigint) as trades,
    cast(sum(d.spot_trades) as bigint) as spot_trades,
    cast(sum(d.contract_trades) as bigint) as contract_trades,
    cast(sum(d.spot_volume_usdt + d.contract_volume_usdt) as bigint) as volume_usdt,
    cast(sum(d.spot_volume_usdt) as bigint) as spot_volume_usdt,
    cast(sum(d.contract_volume_usdt) as bigint) as contract_volume_usdt,
    cast(sum(d.maker_volume_usdt) as bigint) as maker_volume_usdt,
    cast(sum(d.spot_fees_usdt + d.contract_fees_usdt) as bigint) as fees_usdt,
    cast(sum(d.spot_fees_usdt) as bigint) as spot_fees_usdt,
    cast(sum(d.contract_fees_usdt) as bigint) as contract_fees_usdt,
    cast(sum(d.other_income_usdt) as bigint) as other_income_usdt,
    cast(sum(d.commissions_usdt) as bigint) as commissions_usdt,
    cast(sum(d.rewards_cost_usdt) as bigint) as rewards_cost_usdt,
    cast(sum(d.net_revenue_usdt) as bigint) as net_revenue_usdt,
    cast(
        sum(d.net_revenue_usdt - d.spot_fees_usdt - d.contract_fees_usdt - d.other_income_usdt + d.commissions_usdt + d.rewards_cost_usdt) as bigint
    ) as revenue_given_usdt,
    cast(sum(d.deposit_usdt) as bigint) as deposit_usdt,
    cast(sum(d.withdrawal_usdt) as bigint) as withdrawal_usdt,
    cast(sum(d.deposit_usdt - d.withdrawal_usdt) as bigint) as net_deposit_usdt
from user_days as d
inner join windows as w on d.day = w.day
inner join people as p on d.user_no = p.user_no
where d.day >= $since and d.day <= $until
group by w.period_on, p.group_key
order by w.period_on, p.group_key
