-- What became of the users who registered from $since to $until, by channel, as far as everybody has had the time.
-- grain: channel_id · counts of users, money in 1e-6 USDT; reads profiles, user_days, links
-- The day of registration is day 0. Steps and revenue are those of days 0 to $first_days - 1; kept is who traded in these days and again in the
-- $kept_days days after them. Linked is who shares a device, payment, address, face or key with at least one and at most $most_linked others:
-- what more share is a hub and no evidence, and a network address is none at all.
with cohort as (
    select
        user_no,
        coalesce(channel_id, '(not known)') as channel_id,
        registered_on,
        datediff('day', registered_on, kyc_passed_on) < $first_days as is_known,
        datediff('day', registered_on, first_deposit_on) < $first_days as is_depositor,
        datediff('day', registered_on, first_trade_on) < $first_days as is_trader
    from profiles
    where is_counted and registered_on >= $since and registered_on <= $until
),
did as (
    select
        c.user_no,
        cast(sum(case when datediff('day', c.registered_on, d.day) < $first_days then d.net_revenue_usdt else 0 end) as bigint) as revenue_usdt,
        count(
            case
                when datediff('day', c.registered_on, d.day) >= $first_days and (d.spot_trades + d.contract_trades > 0 or d.first_spot_at is not null or d.first_contract_at is not null)
                    then 1
            end
        ) as later_days
    from user_days as d
    inner join cohort as c on d.user_no = c.user_no
    where
        d.day >= $since and datediff('day', c.registered_on, d.day) >= 0
        and datediff('day', c.registered_on, d.day) < $first_days + $kept_days
    group by c.user_no
),
shared as (
    select link_type, link_hash
    from links
    where link_type <> 'ip24'
    group by link_type, link_hash
    having count(distinct user_no) > 1 and count(distinct user_no) <= $most_linked + 1
),
linked as (
    select distinct l.user_no
    from links as l
    inner join shared as s on l.link_type = s.link_type and l.link_hash = s.link_hash
),
told as (
    select c.channel_id, c.is_known, c.is_depositor, c.is_trader, l.user_no is not null as is_linked, d.later_days, coalesce(d.revenue_usdt, 0) as revenue_usdt
    from cohort as c
    left join did as d on c.user_no = d.user_no
    left join linked as l on c.user_no = l.user_no
)
select
    channel_id,
    count(*) as registrants,
    count(case when is_known then 1 end) as kyc,
    count(case when is_depositor then 1 end) as depositors,
    count(case when is_trader then 1 end) as traders,
    count(case when is_trader and later_days > 0 then 1 end) as kept,
    count(case when is_linked then 1 end) as linked,
    cast(sum(revenue_usdt) as bigint) as revenue_usdt,
    -- allow decimals: both are whole numbers, and their product fits into 38 digits
    cast(sum(cast(revenue_usdt as decimal(19, 0)) * cast(revenue_usdt as decimal(19, 0))) as decimal(38, 0)) as revenue_squared
from told
group by channel_id
order by channel_id
