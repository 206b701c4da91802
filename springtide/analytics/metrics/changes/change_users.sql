-- What every counted user did on the days from $since to $until, and what they began on them.
-- grain: user_no · counts, money in 1e-6 USDT; reads user_days, firsts, profiles; $as_of is the last closed day
-- Windows count once they have passed: 24 hours from a first deposit are over for all of a day when the next day is closed, seven days
-- from a registration (days 0 to 6) when the sixth day after it is. Whoever traded before the deposit has traded in time.
with counted as (
    select user_no, registered_on, first_deposit_on, first_trade_on
    from profiles
    where is_counted
),
did as (
    select
        user_no,
        cast(sum(spot_trades + contract_trades) as bigint) as trades,
        cast(sum(spot_volume_usdt) as bigint) as spot_volume_usdt,
        cast(sum(contract_volume_usdt) as bigint) as contract_volume_usdt,
        cast(sum(spot_fees_usdt + contract_fees_usdt) as bigint) as fees_usdt,
        cast(sum(net_revenue_usdt) as bigint) as net_revenue_usdt,
        cast(sum(deposit_usdt - withdrawal_usdt) as bigint) as net_deposit_usdt
    from user_days
    where day >= $since and day <= $until
    group by user_no
),
began as (
    select
        c.user_no,
        case when c.registered_on >= $since and c.registered_on <= $until then 1 else 0 end as registrants,
        case when c.registered_on >= $since and c.registered_on <= least($until, $as_of - 6) then 1 else 0 end as matured_registrants,
        case
            when c.registered_on >= $since and c.registered_on <= least($until, $as_of - 6) and datediff('day', c.registered_on, c.first_trade_on) < 7 then 1
            else 0
        end as first_traders_7d,
        case when c.first_deposit_on >= $since and c.first_deposit_on <= $until then 1 else 0 end as first_depositors,
        case when c.first_deposit_on >= $since and c.first_deposit_on <= least($until, $as_of - 1) then 1 else 0 end as matured_depositors,
        case
            when
                c.first_deposit_on >= $since and c.first_deposit_on <= least($until, $as_of - 1)
                and (epoch_us(f.first_spot_at) - epoch_us(f.first_deposit_at) <= 86400000000 or epoch_us(f.first_contract_at) - epoch_us(f.first_deposit_at) <= 86400000000)
                then 1
            else 0
        end as first_traders_24h
    from counted as c
    inner join firsts as f on c.user_no = f.user_no
    where (c.registered_on >= $since and c.registered_on <= $until) or (c.first_deposit_on >= $since and c.first_deposit_on <= $until)
)
select
    c.user_no,
    case when d.trades > 0 then 1 else 0 end as traders,
    coalesce(d.trades, 0) as trades,
    coalesce(d.spot_volume_usdt, 0) as spot_volume_usdt,
    coalesce(d.contract_volume_usdt, 0) as contract_volume_usdt,
    coalesce(d.spot_volume_usdt, 0) + coalesce(d.contract_volume_usdt, 0) as volume_usdt,
    coalesce(d.fees_usdt, 0) as fees_usdt,
    coalesce(d.net_revenue_usdt, 0) as net_revenue_usdt,
    coalesce(d.net_deposit_usdt, 0) as net_deposit_usdt,
    coalesce(b.registrants, 0) as registrants,
    coalesce(b.matured_registrants, 0) as matured_registrants,
    coalesce(b.first_traders_7d, 0) as first_traders_7d,
    coalesce(b.first_depositors, 0) as first_depositors,
    coalesce(b.matured_depositors, 0) as matured_depositors,
    coalesce(b.first_traders_24h, 0) as first_traders_24h
from counted as c
left join did as d on c.user_no = d.user_no
left join began as b on c.user_no = b.user_no
where d.user_no is not null or b.user_no is not null
