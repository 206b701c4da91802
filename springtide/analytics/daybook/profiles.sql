-- Everything that strata and segments may ask about a user, as of $day.
-- grain: user_no (masters registered by the end of the day, which is $to_at) · counts, days, and money in 1e-6 USDT · null = never, or not known
-- reads users, firsts, state, activity, equity_days, restrictions, user_status_history, vip_ladder, bonus_marks; users from $user_from up to
-- $user_to. Recency and tiers are derived here and never stored: they change with the day alone. What changed after $day is undone
-- from the status history, so that a past day is told as it was.
with later as (
    select
        user_no,
        min(case when attribute = 'status' then valid_from end) as status_from,
        min(case when attribute = 'vip_level' then valid_from end) as vip_from,
        min(case when attribute = 'kyc_level' then valid_from end) as kyc_from
    from user_status_history
    where valid_from >= $to_at and user_no >= $user_from and user_no < $user_to
    group by user_no
),
undone as (
    select
        h.user_no,
        max(case when h.attribute = 'status' and h.valid_from = l.status_from then h.old_value end) as status,
        max(case when h.attribute = 'vip_level' and h.valid_from = l.vip_from then cast(h.old_value as integer) end) as vip_level,
        max(case when h.attribute = 'kyc_level' and h.valid_from = l.kyc_from then cast(h.old_value as integer) end) as kyc_level
    from user_status_history as h
    inner join later as l on h.user_no = l.user_no
    group by h.user_no
),
restricted as (
    select distinct user_no
    from restrictions
    where kind in ('self_exclusion', 'cooling_off', 'sanctions', 'risk_hold') and valid_from < $to_at and (valid_to is null or valid_to >= $to_at)
),
marked as (
    select
        user_no,
        case
            when count(case when is_task_shaped then 1 end) >= 2 then max(case when is_task_shaped then day end)
            else max(case when is_task_shaped and (is_cashed_out or linked_takers > 0) then day end)
        end as marked_on
    from bonus_marks
    where day <= $day and day >= $day - 90
    group by user_no
),
trading as (
    select user_no, first_on, last_on, days_mask, datediff('day', last_on, $day) as silent_days
    from activity
    where product = 'trading' and user_no >= $user_from and user_no < $user_to
),
-- Personal silence. Every active day of the last 62 is smeared over as many days as the user is silent now, less two: where the smear
-- still breaks lies a gap at least as long as this silence. Runs of the smear, less one, count those gaps.
smeared_8 as (
    select
        user_no, silent_days, days_mask,
        days_mask | (days_mask >> 1) | (days_mask >> 2) | (days_mask >> 3)
        | (days_mask >> 4) | (days_mask >> 5) | (days_mask >> 6) | (days_mask >> 7) as by_8
    from trading
    where silent_days > 14 and bit_count(days_mask) > 5
),
smeared as (
    select
        user_no, days_mask,
        case
            when silent_days <= 17 then by_8 | (by_8 >> (silent_days - 9))
            when silent_days <= 33 then by_8 | (by_8 >> 8) | (by_8 >> (silent_days - 17)) | (by_8 >> (silent_days - 9))
            else
                by_8 | (by_8 >> 8) | (by_8 >> 16) | (by_8 >> 24)
                | (by_8 >> (silent_days - 33)) | (by_8 >> (silent_days - 25)) | (by_8 >> (silent_days - 17)) | (by_8 >> (silent_days - 9))
        end as smear
    from smeared_8
),
silent as (
    select user_no
    from smeared
    where (cast(bit_count(smear & ~(smear >> 1)) as integer) - 1) * 10 <= cast(bit_count(days_mask) as integer) - 1
),
spot as (
    select user_no, first_on
    from activity
    where product = 'spot' and user_no >= $user_from and user_no < $user_to
),
contract as (
    select user_no, first_on
    from activity
    where product = 'contract' and user_no >= $user_from and user_no < $user_to
),
platform as (
    select user_no, last_on
    from activity
    where product = 'platform' and user_no >= $user_from and user_no < $user_to
),
held as (
    select user_no, equity_usdt, earn_equity_usdt
    from equity_days
    where day = $day and user_no >= $user_from and user_no < $user_to
),
known as (
    select
        u.user_no, u.user_type, u.registered_on, u.country, u.language, u.channel_id, u.kyc_passed_on, u.marketing_consent,
        coalesce(n.kyc_level, u.kyc_level) as kyc_level,
        coalesce(n.vip_level, u.vip_level) as vip_level,
        coalesce(n.status, u.status) as status
    from users as u
    left join undone as n on u.user_no = n.user_no
    where u.user_no >= $user_from and u.user_no < $user_to and u.user_no = u.master_no and u.registered_at < $to_at
)
select
    k.user_no,
    k.user_type,
    coalesce(k.user_type, 'retail') not in ('market_maker', 'employee', 'test') as is_counted,
    k.registered_on,
    datediff('day', k.registered_on, $day) as tenure_days,
    k.country,
    k.language,
    k.channel_id,
    k.kyc_level,
    case when k.kyc_passed_on <= $day then k.kyc_passed_on end as kyc_passed_on,
    k.vip_level,
    k.status,
    k.marketing_consent as has_consent,
    r.user_no is not null as is_restricted,
    f.first_deposit_on,
    t.first_on as first_trade_on,
    p.first_on as first_spot_on,
    c.first_on as first_contract_on,
    t.last_on as last_trade_on,
    f.last_deposit_on,
    f.last_withdrawal_on,
    f.last_liquidation_on,
    t.silent_days as days_since_trade,
    datediff('day', l.last_on, $day) as days_since_platform_active,
    datediff('day', k.registered_on, $day) as days_since_registration,
    datediff('day', f.first_deposit_on, $day) as days_since_first_deposit,
    cast(coalesce(bit_count(t.days_mask & 127), 0) as integer) as trading_days_7d,
    cast(coalesce(bit_count(t.days_mask & 1073741823), 0) as integer) as trading_days_30d,
    cast(coalesce(bit_count(t.days_mask), 0) as integer) as trading_days_62d,
    q.user_no is not null as is_personally_silent,
    coalesce(s.spot_trades_7d, 0) as spot_trades_7d,
    coalesce(s.spot_trades_30d, 0) as spot_trades_30d,
    coalesce(s.spot_trades_90d, 0) as spot_trades_90d,
    coalesce(s.contract_trades_7d, 0) as contract_trades_7d,
    coalesce(s.contract_trades_30d, 0) as contract_trades_30d,
    coalesce(s.contract_trades_90d, 0) as contract_trades_90d,
    coalesce(s.spot_volume_7d_usdt, 0) as spot_volume_7d_usdt,
    coalesce(s.spot_volume_30d_usdt, 0) as spot_volume_30d_usdt,
    coalesce(s.spot_volume_90d_usdt, 0) as spot_volume_90d_usdt,
    coalesce(s.contract_volume_7d_usdt, 0) as contract_volume_7d_usdt,
    coalesce(s.contract_volume_30d_usdt, 0) as contract_volume_30d_usdt,
    coalesce(s.contract_volume_90d_usdt, 0) as contract_volume_90d_usdt,
    coalesce(s.fees_7d_usdt, 0) as fees_7d_usdt,
    coalesce(s.fees_30d_usdt, 0) as fees_30d_usdt,
    coalesce(s.fees_90d_usdt, 0) as fees_90d_usdt,
    coalesce(s.net_revenue_7d_usdt, 0) as net_revenue_7d_usdt,
    coalesce(s.net_revenue_30d_usdt, 0) as net_revenue_30d_usdt,
    coalesce(s.net_revenue_90d_usdt, 0) as net_revenue_90d_usdt,
    coalesce(s.api_volume_30d_usdt, 0) as api_volume_30d_usdt,
    coalesce(s.api_volume_90d_usdt, 0) as api_volume_90d_usdt,
    coalesce(s.maker_volume_30d_usdt, 0) as maker_volume_30d_usdt,
    coalesce(s.copy_volume_90d_usdt, 0) as copy_volume_90d_usdt,
    coalesce(s.arbitrage_volume_90d_usdt, 0) as arbitrage_volume_90d_usdt,
    coalesce(s.liquidations_7d, 0) as liquidations_7d,
    coalesce(s.liquidations_30d, 0) as liquidations_30d,
    coalesce(s.realised_pnl_30d_usdt, 0) as realised_pnl_30d_usdt,
    coalesce(s.realised_pnl_90d_usdt, 0) as realised_pnl_90d_usdt,
    coalesce(s.deposit_30d_usdt, 0) as deposit_30d_usdt,
    coalesce(s.deposit_90d_usdt, 0) as deposit_90d_usdt,
    coalesce(s.withdrawal_30d_usdt, 0) as withdrawal_30d_usdt,
    coalesce(s.withdrawal_90d_usdt, 0) as withdrawal_90d_usdt,
    coalesce(s.rewards_consumed_30d_usdt, 0) as rewards_consumed_30d_usdt,
    coalesce(s.rewards_consumed_90d_usdt, 0) as rewards_consumed_90d_usdt,
    coalesce(s.sessions_30d, 0) as sessions_30d,
    coalesce(s.spot_trades_all, 0) as spot_trades_all,
    coalesce(s.contract_trades_all, 0) as contract_trades_all,
    coalesce(s.spot_volume_all_usdt, 0) as spot_volume_all_usdt,
    coalesce(s.contract_volume_all_usdt, 0) as contract_volume_all_usdt,
    coalesce(s.fees_all_usdt, 0) as fees_all_usdt,
    coalesce(s.net_revenue_all_usdt, 0) as net_revenue_all_usdt,
    coalesce(s.deposit_all_usdt, 0) as deposit_all_usdt,
    coalesce(s.withdrawal_all_usdt, 0) as withdrawal_all_usdt,
    coalesce(s.rewards_consumed_all_usdt, 0) as rewards_consumed_all_usdt,
    coalesce(s.liquidations_all, 0) as liquidations_all,
    coalesce(s.spot_trades_30d, 0) + coalesce(s.contract_trades_30d, 0) as trades_30d,
    coalesce(s.spot_trades_90d, 0) + coalesce(s.contract_trades_90d, 0) as trades_90d,
    coalesce(s.spot_trades_all, 0) + coalesce(s.contract_trades_all, 0) as trades_all,
    coalesce(s.spot_volume_30d_usdt, 0) + coalesce(s.contract_volume_30d_usdt, 0) as volume_30d_usdt,
    coalesce(s.spot_volume_90d_usdt, 0) + coalesce(s.contract_volume_90d_usdt, 0) as volume_90d_usdt,
    coalesce(s.deposit_30d_usdt, 0) - coalesce(s.withdrawal_30d_usdt, 0) as net_deposit_30d_usdt,
    coalesce(s.deposit_90d_usdt, 0) - coalesce(s.withdrawal_90d_usdt, 0) as net_deposit_90d_usdt,
    coalesce(h.equity_usdt, 0) as equity_usdt,
    coalesce(h.earn_equity_usdt, 0) as earn_equity_usdt,
    cast(floor(cast(coalesce(s.equity_sum_30d_usdt, 0) as double) / 30.0) as bigint) as equity_mean_30d_usdt,
    greatest(coalesce(h.equity_usdt, 0), cast(floor(cast(coalesce(s.equity_sum_30d_usdt, 0) as double) / 30.0) as bigint)) as asset_size_usdt,
    case
        when v.next_needs_all then least(
            cast(coalesce(s.spot_volume_30d_usdt, 0) as double) / nullif(cast(v.next_spot_usdt as double), 0.0),
            cast(coalesce(s.contract_volume_30d_usdt, 0) as double) / nullif(cast(v.next_contract_usdt as double), 0.0),
            cast(coalesce(h.equity_usdt, 0) as double) / nullif(cast(v.next_asset_usdt as double), 0.0)
        )
        else greatest(
            cast(coalesce(s.spot_volume_30d_usdt, 0) as double) / nullif(cast(v.next_spot_usdt as double), 0.0),
            cast(coalesce(s.contract_volume_30d_usdt, 0) as double) / nullif(cast(v.next_contract_usdt as double), 0.0),
            cast(coalesce(h.equity_usdt, 0) as double) / nullif(cast(v.next_asset_usdt as double), 0.0)
        )
    end as vip_next_ratio,
    coalesce(case
        when v.own_needs_all then
            coalesce(s.spot_volume_30d_usdt, 0) < v.own_spot_usdt
            or coalesce(s.contract_volume_30d_usdt, 0) < v.own_contract_usdt
            or coalesce(h.equity_usdt, 0) < v.own_asset_usdt
        else
            coalesce(coalesce(s.spot_volume_30d_usdt, 0) < v.own_spot_usdt, true)
            and coalesce(coalesce(s.contract_volume_30d_usdt, 0) < v.own_contract_usdt, true)
            and coalesce(coalesce(h.equity_usdt, 0) < v.own_asset_usdt, true)
            and (v.own_spot_usdt is not null or v.own_contract_usdt is not null or v.own_asset_usdt is not null)
    end, false) as is_downgrade_risk,
    m.marked_on as bonus_marked_on,
    datediff('day', m.marked_on, $day) as days_since_bonus_mark
from known as k
left join firsts as f on k.user_no = f.user_no
left join state as s on k.user_no = s.user_no
left join trading as t on k.user_no = t.user_no
left join spot as p on k.user_no = p.user_no
left join contract as c on k.user_no = c.user_no
left join platform as l on k.user_no = l.user_no
left join held as h on k.user_no = h.user_no
left join silent as q on k.user_no = q.user_no
left join restricted as r on k.user_no = r.user_no
left join marked as m on k.user_no = m.user_no
left join vip_ladder as v on k.vip_level = v.level
