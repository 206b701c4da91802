-- What happened with one user, $user_no, in the days from $since to $until.
-- grain: happened_at, kind, what, detail · amount_usdt in 1e-6 USDT, times (how often) where it is counted
-- reads users, user_days, transfers, reward_entries, tickets, messages, user_status_history, restrictions
-- Fills are told by day, at the time of the day's first one: a day may hold thousands. Everything else is told as it came.
with fills as (
    select first_spot_at, first_contract_at, first_liquidation_at, spot_trades, contract_trades, liquidations, spot_volume_usdt, contract_volume_usdt
    from user_days
    where user_no = $user_no and day >= $since and day <= $until
),
happenings as (
    select registered_at as happened_at, 'registered' as kind, channel_id as what, country as detail, cast(null as bigint) as amount_usdt, cast(null as bigint) as times
    from users
    where user_no = $user_no
    union all
    select first_spot_at as happened_at, 'traded_spot' as kind, cast(null as varchar) as what, cast(null as varchar) as detail, spot_volume_usdt as amount_usdt, spot_trades as times
    from fills
    where spot_trades > 0
    union all
    select
        first_contract_at as happened_at, 'traded_contracts' as kind, cast(null as varchar) as what, cast(null as varchar) as detail,
        contract_volume_usdt as amount_usdt, contract_trades as times
    from fills
    where contract_trades > 0
    union all
    select
        first_liquidation_at as happened_at, 'liquidated' as kind, cast(null as varchar) as what, cast(null as varchar) as detail,
        cast(null as bigint) as amount_usdt, liquidations as times
    from fills
    where liquidations > 0
    union all
    select happened_at, kind, asset as what, status as detail, usdt as amount_usdt, cast(null as bigint) as times
    from transfers
    where user_no = $user_no
    union all
    select happened_at, 'reward_' || action as kind, reward_type as what, campaign_ref as detail, usdt as amount_usdt, cast(null as bigint) as times
    from reward_entries
    where user_no = $user_no
    union all
    select opened_at as happened_at, 'ticket' as kind, topic as what, status as detail, cast(null as bigint) as amount_usdt, cast(null as bigint) as times
    from tickets
    where user_no = $user_no
    union all
    select happened_at, 'message' as kind, channel as what, outcome as detail, cast(null as bigint) as amount_usdt, cast(null as bigint) as times
    from messages
    where user_no = $user_no
    union all
    select
        valid_from as happened_at, 'changed' as kind, attribute as what, coalesce(old_value, '') || ' → ' || coalesce(new_value, '') as detail,
        cast(null as bigint) as amount_usdt, cast(null as bigint) as times
    from user_status_history
    where user_no = $user_no
    union all
    select valid_from as happened_at, 'restricted' as kind, kind as what, source as detail, cast(null as bigint) as amount_usdt, cast(null as bigint) as times
    from restrictions
    where user_no = $user_no
)
select happened_at, kind, what, detail, amount_usdt, times
from happenings
where happened_at >= $from_at and happened_at < $to_at
order by happened_at desc nulls last, kind nulls last, what nulls last, detail nulls last
