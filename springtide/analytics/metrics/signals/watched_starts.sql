-- Who registered and who deposited for the first time on every day from $since to $until, by channel, and how many of them traded in time.
-- grain: day, channel_id · counts of users; reads profiles, firsts
-- In time: within 24 hours of the first deposit, or before it; and on days 0 to 6 from the registration. Whether that time has passed, the
-- caller knows: for a deposit a day later, for a registration six.
with counted as (
    select p.channel_id, p.registered_on, p.first_deposit_on, p.first_trade_on, f.first_deposit_at, f.first_spot_at, f.first_contract_at
    from profiles as p
    inner join firsts as f on p.user_no = f.user_no
    where p.is_counted
),
began as (
    select
        registered_on as day,
        channel_id,
        1 as registrants,
        case when datediff('day', registered_on, first_trade_on) < 7 then 1 else 0 end as first_traders_7d,
        0 as first_depositors,
        0 as first_traders_24h
    from counted
    where registered_on >= $since and registered_on <= $until
    union all
    select
        first_deposit_on as day,
        channel_id,
        0 as registrants,
        0 as first_traders_7d,
        1 as first_depositors,
        case
            when
                epoch_us(first_spot_at) - epoch_us(first_deposit_at) <= 86400000000
                or epoch_us(first_contract_at) - epoch_us(first_deposit_at) <= 86400000000
                then 1
            else 0
        end as first_traders_24h
    from counted
    where first_deposit_on >= $since and first_deposit_on <= $until
)
select
    day,
    channel_id,
    cast(sum(registrants) as bigint) as registrants,
    cast(sum(first_traders_7d) as bigint) as first_traders_7d,
    cast(sum(first_depositors) as bigint) as first_depositors,
    cast(sum(first_traders_24h) as bigint) as first_traders_24h
from began
group by day, channel_id
order by day, channel_id nulls first
