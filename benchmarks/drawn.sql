-- The queries that draw a synthetic exchange, each under a line `-- # name`. DuckDB's full dialect; draw(a, b) is uniform on [0, 1).
-- Money in 1e-6 USDT. The cast: who trades, how often, how much, in what; two thirds of the traders trade within a month, and sizes have Pareto tails.

-- # cast_list
with drawn as (
    select
        cast(n as integer) as user_no,
        n + $seed as key,
        date_add($last_day::date, -cast(600 * pow(1 - n / $users, 1.3) as integer))::date as registered_on,
        draw(n + $seed, 9) < 0.01 and n > 0 as is_sub
    from range(cast($users as bigint)) as numbers (n)
)
select
    user_no, key, registered_on, is_sub,
    registered_on + to_seconds(cast(draw(key, 1) * 80000 as bigint)) as registered_at,
    case when draw(key, 2) < $trading_share and not is_sub then least(0.95, 0.015 * pow(1 / greatest(draw(key, 3), 1e-6), 0.8)) else 0 end as p_trade,
    least(2e5, 20 * pow(1 / greatest(draw(key, 4), 1e-6), 0.9)) as scale,
    case when draw(key, 5) < 0.5 then 0.0 when draw(key, 5) < 0.7 then 1.0 else draw(key, 6) end as contract_share,
    draw(key, 7) < 0.02 as is_api,
    draw(key, 8) < 0.35 and not is_sub as is_holder,
    draw(key, 10) < 0.15 as is_earner,
    draw(key, 11) < 0.7 as has_kyc,
    least(8, cast(floor(log10(least(2e5, pow(1 / greatest(draw(key, 4), 1e-6), 0.9)))) as integer) + case when draw(key, 12) < 0.9 then -2 else -1 end) as tier
from drawn

-- # users
select
    user_no,
    'U' || lpad(user_no::varchar, 12, '0') as user_id,
    registered_at,
    greatest(tier, 0)::integer as vip_level,
    ['CN', 'VN', 'TR', 'NG', 'BR', 'ID', 'RU', 'KR', 'GB', 'DE'][1 + cast(floor(10 * draw(key, 13)) as integer)] as country,
    null::varchar as jurisdiction,
    ['zh', 'vi', 'tr', 'en', 'pt', 'id', 'ru', 'ko', 'en', 'de'][1 + cast(floor(10 * draw(key, 13)) as integer)] as language,
    'UTC' as timezone,
    (case when has_kyc then 1 else 0 end)::integer as kyc_level,
    case when has_kyc then registered_at + to_hours(2) end as kyc_passed_at,
    case when draw(key, 14) < 0.001 then 'market_maker' when draw(key, 14) < 0.004 then 'employee' when draw(key, 14) < 0.05 then 'pro' else 'retail' end as user_type,
    case when is_sub then 'U' || lpad((user_no - 1)::varchar, 12, '0') end as master_user_id,
    'channel-' || cast(floor(12 * draw(key, 15)) as integer) as channel_id,
    null::varchar as referrer_user_id,
    case when draw(key, 16) < 0.005 then 'frozen' when draw(key, 16) < 0.01 then 'closed' else 'active' end as status,
    draw(key, 17) < 0.6 as marketing_consent,
    (case when is_sub then user_no - 1 else user_no end)::integer as master_no,
    registered_on,
    case when has_kyc then (registered_at + to_hours(2))::date end as kyc_passed_on,
    false as is_derived
from cast_list
order by user_no

-- # user_status_history
select
    user_no, user_no as account_no, 'vip_level' as attribute, '0' as old_value, '1' as new_value,
    registered_at + to_days(30) as valid_from, 1::integer as version
from cast_list
where draw(key, 18) < 0.02
order by user_no

-- # restrictions
select
    user_no, user_no as account_no, 'self_exclusion' as kind, registered_at + to_days(10) as valid_from,
    case when draw(key, 20) < 0.5 then registered_at + to_days(100) end as valid_to, 'exchange' as source, 1::integer as version
from cast_list
where draw(key, 19) < 0.005
order by user_no

-- # vip_tiers
select
    'standard' as scheme, level::integer as level, timestamp '2020-01-01' as valid_from,
    cast(pow(10, 4 + level / 2) * 1e6 as bigint) as spot_volume_30d,
    cast(pow(10, 5 + level / 2) * 1e6 as bigint) as contract_volume_30d,
    cast(pow(10, 3 + level / 2) * 1e6 as bigint) as asset_usdt,
    null::decimal(38, 12) as token_balance, 'any' as logic,
    null::decimal(38, 12) as spot_maker_bps, null::decimal(38, 12) as spot_taker_bps,
    null::decimal(38, 12) as contract_maker_bps, null::decimal(38, 12) as contract_taker_bps,
    null::decimal(38, 12) as api_share_max, 1::integer as version
from range(1, 9) as levels (level)
order by level

-- # prices
select 'BTC' as asset, day::date as day, cast(6e10 * (1 + 0.3 * sin(number / 40) + 0.05 * draw(number, 1)) as bigint) as close_usdt, 1::integer as version
from (select $first_day::date + n::integer as day, n as number from range(1000) as days (n)) as numbered
order by day

-- # links
select
    user_no, user_no as account_no, 'device' as link_type, md5((user_no // 20)::varchar) as link_hash,
    registered_at as first_seen_at, registered_at as last_seen_at, 1::integer as version
from cast_list
where draw(key, 21) < 0.05
order by user_no

-- # campaign_tasks
select
    'task-' || n as campaign_ref, 'Task ' || n as name, 3::integer as minimum_trades, 100000000::bigint as minimum_volume_usdt,
    timestamp '2026-01-01' + to_days(n::integer * 30) as starts_at, timestamp '2026-01-08' + to_days(n::integer * 30) as ends_at,
    timestamp '2026-01-10' + to_days(n::integer * 30) as unlock_at, 1::integer as version
from range(4) as tasks (n)
order by n

-- # today
with rolled as (
    select
        user_no, key, scale, contract_share, is_api,
        case when draw(key, $number + 1) < p_trade then cast(least(400, 1 + floor(2.2 * pow(1 / greatest(draw(key, $number + 2), 1e-6), 0.75) * (1 + 3 * p_trade))) as integer) else 0 end as trades,
        case when draw(key, $number + 3) < 0.05 + p_trade then 1 + cast(3 * draw(key, $number + 4) as integer) else 0 end as sessions,
        case when draw(key, $number + 5) < 0.004 + 0.1 * p_trade then cast(scale * 1e7 * (0.2 + draw(key, $number + 6)) as bigint) else 0 end as deposit_usdt,
        case when draw(key, $number + 7) < 0.003 + 0.08 * p_trade then cast(scale * 1e7 * (0.2 + draw(key, $number + 8)) as bigint) else 0 end as withdrawal_usdt,
        case when draw(key, $number + 9) < 0.002 then 5000000 else 0 end as reward_usdt,
        (0.4 + 1.2 * draw(key, $number + 10)) as mood
    from cast_list
    where registered_on < $day and not is_sub
)
select
    *,
    cast(round(trades * contract_share) as integer) as contract_trades,
    trades - cast(round(trades * contract_share) as integer) as spot_trades
from rolled
where trades > 0 or sessions > 0 or deposit_usdt > 0 or withdrawal_usdt > 0 or reward_usdt > 0

-- # user_days
select
    user_no, $day::date as day,
    spot_trades::bigint as spot_trades, contract_trades::bigint as contract_trades,
    cast(spot_trades * scale * mood * 1e6 as bigint) as spot_volume_usdt,
    cast(contract_trades * scale * mood * 5e6 as bigint) as contract_volume_usdt,
    cast(spot_trades * scale * mood * 1e3 as bigint) as spot_fees_usdt,
    cast(contract_trades * scale * mood * 2.5e3 as bigint) as contract_fees_usdt,
    cast(spot_trades * scale * mood * 3e5 as bigint) as maker_volume_usdt,
    case when is_api then cast(spot_trades * scale * mood * 1e6 as bigint) else 0 end as api_volume_usdt,
    case when user_no % 40 = 0 then cast(spot_trades * scale * mood * 6e5 as bigint) else 0 end as copy_volume_usdt,
    0::bigint as arbitrage_volume_usdt,
    (case when contract_trades > 0 and draw(key, $number + 11) < 0.02 then 1 else 0 end)::bigint as liquidations,
    cast(contract_trades * scale * (mood - 1) * 5e5 as bigint) as realised_pnl_usdt,
    (deposit_usdt > 0)::bigint as deposits, deposit_usdt,
    (withdrawal_usdt > 0)::bigint as withdrawals, withdrawal_usdt,
    sessions::bigint as sessions, (sessions * 300)::bigint as session_seconds,
    reward_usdt::bigint as rewards_granted_usdt, reward_usdt::bigint as rewards_consumed_usdt, 0::bigint as rewards_cost_usdt,
    0::bigint as other_income_usdt, 0::bigint as commissions_usdt,
    cast(spot_trades * scale * mood * 1e3 as bigint) + cast(contract_trades * scale * mood * 2.5e3 as bigint) as net_revenue_usdt,
    case when deposit_usdt > 0 then $day::timestamp + to_hours(8) end as first_deposit_at,
    case when deposit_usdt > 0 then $day::timestamp + to_hours(9) end as last_deposit_at,
    case when spot_trades > 0 then $day::timestamp + to_hours(10) end as first_spot_at,
    case when spot_trades > 0 then $day::timestamp + to_hours(11) end as last_spot_at,
    case when contract_trades > 0 then $day::timestamp + to_hours(12) end as first_contract_at,
    case when contract_trades > 0 then $day::timestamp + to_hours(13) end as last_contract_at,
    case when withdrawal_usdt > 0 then $day::timestamp + to_hours(14) end as first_withdrawal_at,
    case when withdrawal_usdt > 0 then $day::timestamp + to_hours(15) end as last_withdrawal_at,
    case when contract_trades > 0 and draw(key, $number + 11) < 0.02 then $day::timestamp + to_hours(16) end as first_liquidation_at,
    case when contract_trades > 0 and draw(key, $number + 11) < 0.02 then $day::timestamp + to_hours(16) end as last_liquidation_at,
    case when sessions > 0 then $day::timestamp end as first_session_at,
    case when sessions > 0 then $day::timestamp end as last_session_at
from today
order by user_no

-- # active_days
with active as (
    select user_no, spot_trades, contract_trades, trades > 0 or sessions > 0 or deposit_usdt > 0 as is_here from today
)
select user_no, $day::date as day, product
from (
    select user_no, 'trading' as product from active where spot_trades + contract_trades > 0
    union all
    select user_no, 'spot' from active where spot_trades > 0
    union all
    select user_no, 'contract' from active where contract_trades > 0
    union all
    select coalesce(a.user_no, c.user_no), 'platform'
    from (from active where is_here) as a
    full join (from cast_list where is_holder and is_earner and registered_on < $day) as c on a.user_no = c.user_no
) as listed
order by user_no, product

-- # equity_days
select
    user_no, $day::date as day,
    spot + contract + earn as equity_usdt, spot as spot_equity_usdt, contract as contract_equity_usdt, earn as earn_equity_usdt, 0::bigint as bonus_usdt
from (
    select
        user_no,
        cast(scale * 2e7 * (0.9 + 0.2 * draw(key, $number + 12)) as bigint) as spot,
        case when contract_share > 0 then cast(scale * 1e7 * (0.9 + 0.2 * draw(key, $number + 13)) as bigint) else 0 end as contract,
        case when is_earner then cast(scale * 3e7 as bigint) else 0 end as earn
    from cast_list
    where is_holder and registered_on < $day
) as held
order by user_no

-- # bonus_marks
select
    user_no, $day::date as day, 'task-2' as campaign_ref, 3::bigint as task_trades, 110000000::bigint as task_volume_usdt, 4::bigint as trades_90d,
    100000000::bigint as put_in_usdt, 90000000::bigint as withdrawn_usdt, 0::bigint as linked_takers, true as is_task_shaped, true as is_cashed_out
from cast_list
where draw(key, 22) < 0.003 and not is_sub
order by user_no

-- # spot_trades
select
    user_no, user_no as account_no, 's' || $day::varchar || '-' || user_no || '-' || n as event_id, 'exchange' as source, 1::integer as version,
    $day::timestamp + to_microseconds(cast(draw(key * 512 + n, $number + 14) * 86399000000 as bigint)) as executed_at,
    base || '/USDT' as market, base, 'USDT' as quote,
    case when draw(key * 512 + n, $number + 15) < 0.5 then 'buy' else 'sell' end as side,
    case when draw(key * 512 + n, $number + 16) < 0.3 then 'maker' else 'taker' end as role,
    60000::decimal(38, 12) as price, cast(scale / 60000 as decimal(38, 12)) as quantity,
    cast(scale * mood * 1e6 * (0.5 + draw(key * 512 + n, $number + 17)) as bigint) as notional_usdt,
    cast(scale * mood * 1e3 * (0.5 + draw(key * 512 + n, $number + 17)) as bigint) as fee_usdt,
    'o' || user_no || '-' || (n // 2) as order_id,
    case when is_api then 'api' when user_no % 40 = 0 then 'copy' else 'app' end as via, null::varchar as counterparty_user_id
from (select t.*, unnest(range(spot_trades)) as n from today as t where spot_trades > 0) as fills
inner join (select unnest(['BTC', 'ETH', 'SOL', 'XRP']) as base, unnest([0, 1, 2, 3]) as base_no) as bases on base_no = (user_no + n) % 4
order by executed_at

-- # contract_trades
select
    user_no, user_no as account_no, 'c' || $day::varchar || '-' || user_no || '-' || n as event_id, 'exchange' as source, 1::integer as version,
    $day::timestamp + to_microseconds(cast(draw(key * 512 + n, $number + 18) * 86399000000 as bigint)) as executed_at,
    base || '-PERP' as market, base, 'USDT' as quote,
    case when draw(key * 512 + n, $number + 19) < 0.5 then 'buy' else 'sell' end as side,
    case when draw(key * 512 + n, $number + 20) < 0.3 then 'maker' else 'taker' end as role,
    60000::decimal(38, 12) as price, cast(scale / 60000 as decimal(38, 12)) as quantity,
    cast(scale * mood * 5e6 * (0.5 + draw(key * 512 + n, $number + 21)) as bigint) as notional_usdt,
    cast(scale * mood * 2.5e3 * (0.5 + draw(key * 512 + n, $number + 21)) as bigint) as fee_usdt,
    'p' || user_no || '-' || (n // 2) as order_id,
    case when is_api then 'api' else 'app' end as via, null::varchar as counterparty_user_id,
    'linear_perpetual' as contract_type, 'long' as position_side, n % 2 = 1 as reduce_only, 10::decimal(38, 12) as leverage,
    case when n % 2 = 1 then cast(scale * (mood - 1) * 5e5 as bigint) end as realised_pnl_usdt,
    case when draw(key * 512 + n, $number + 22) < 0.003 then 'liquidation' else 'normal' end as fill_type
from (select t.*, unnest(range(contract_trades)) as n from today as t where contract_trades > 0) as fills
inner join (select unnest(['BTC', 'ETH', 'SOL', 'XRP']) as base, unnest([0, 1, 2, 3]) as base_no) as bases on base_no = (user_no + n) % 4
order by executed_at

-- # transfers
select
    user_no, user_no as account_no, kind[1:1] || $day::varchar || '-' || user_no as event_id, 'exchange' as source, 1::integer as version,
    $day::timestamp + to_seconds(cast(draw(key, $number + 23) * 86399 as bigint)) as happened_at, null::timestamp as completed_at, kind, 'chain' as rail,
    'USDT' as asset, null::decimal(38, 12) as quantity, usdt,
    case when draw(key, $number + 24) < 0.03 then 'failed' else 'completed' end as status, null::varchar as address_hash
from (
    select user_no, key, 'deposit' as kind, deposit_usdt as usdt from today where deposit_usdt > 0
    union all
    select user_no, key, 'withdrawal', withdrawal_usdt from today where withdrawal_usdt > 0
) as moved
order by happened_at

-- # sessions
select user_no, user_no as account_no, $day::date as day, 'app' as platform, sessions::integer as sessions, (sessions * 300)::integer as seconds, 1::integer as version
from today
where sessions > 0
order by user_no

-- # balances
select user_no, user_no as account_no, $day::date as day, 'USDT' as asset, product, null::decimal(38, 12) as quantity, usdt, 1::integer as version
from (
    select user_no, 'spot' as product, cast(scale * 2e7 * (0.9 + 0.2 * draw(key, $number + 12)) as bigint) as usdt
    from cast_list where is_holder and registered_on < $day
    union all
    select user_no, 'contract', cast(scale * 1e7 * (0.9 + 0.2 * draw(key, $number + 13)) as bigint)
    from cast_list where is_holder and contract_share > 0 and registered_on < $day
    union all
    select user_no, 'earn', cast(scale * 3e7 as bigint)
    from cast_list where is_holder and is_earner and registered_on < $day
) as held
order by user_no, product

-- # reward_entries
select
    user_no, user_no as account_no, 'r' || $day::varchar || '-' || user_no as event_id, 'exchange' as source, 1::integer as version,
    'task-3' as campaign_ref, 'voucher' as reward_type, case when user_no % 3 = 0 then 'consume_fee' else 'grant' end as action, reward_usdt::bigint as usdt,
    $day::timestamp + to_hours(5) as happened_at
from today
where reward_usdt > 0
order by user_no

-- # other_income
select
    user_no, user_no as account_no, 'i' || $day::varchar || '-' || user_no as event_id, 'exchange' as source, 1::integer as version,
    $day::timestamp + to_hours(6) as happened_at, 'convert_spread' as kind, cast(scale * 1e4 as bigint) as usdt
from today
where trades > 0 and user_no % 20 = 0
order by user_no

-- # commissions
select
    user_no, user_no as account_no, 'k' || $day::varchar || '-' || user_no as event_id, 'exchange' as source, 1::integer as version,
    $day::timestamp + to_hours(7) as happened_at, 'referral' as kind, cast(scale * 2e2 as bigint) as usdt
from today
where trades > 0 and user_no % 10 = 0
order by user_no

-- # state
-- For an exchange whose history is not written: some user days that are, and beside them what the others would have added up to.
with base as (
    select
        user_no, (1 - contract_share) * p_trade * 6 as spot, contract_share * p_trade * 6 as contract, scale * 1e6 as size,
        case when is_holder then cast(scale * 2e7 as bigint) else 0 end as held, (0.05 + p_trade) * 1.5 as visits, 0.1 * p_trade * scale * 1e7 as paid_in
    from cast_list
    where user_no >= $user_from and user_no < $user_to and registered_on < $day and not is_sub and (p_trade > 0 or is_holder or draw(key, 23) < 0.8)
),
drawn as (
    select
        user_no,
        {windows}
        held * 30 as equity_sum_30d_usdt,
        cast(300 * spot as bigint) as spot_trades_all, cast(300 * contract as bigint) as contract_trades_all,
        cast(300 * spot * size as bigint) as spot_volume_all_usdt, cast(300 * contract * size * 5 as bigint) as contract_volume_all_usdt,
        cast(300 * (spot + 3 * contract) * size / 1000 as bigint) as fees_all_usdt, cast(290 * (spot + 3 * contract) * size / 1000 as bigint) as net_revenue_all_usdt,
        cast(300 * paid_in as bigint) as deposit_all_usdt, cast(250 * paid_in as bigint) as withdrawal_all_usdt,
        (user_no % 5 * 1000000)::bigint as rewards_consumed_all_usdt, (300 * contract > 20)::bigint as liquidations_all
    from base
)
select user_no, cast(sum(columns(* exclude (user_no))) as bigint)
from (from drawn union all by name from summed)
group by user_no
order by user_no

-- # activity
with cast_part as (
    select
        *, hash(key * 31 + 1) & 2305843009213693951 as a, hash(key * 31 + 2) & 4611686018427387903 as b, hash(key * 31 + 3) as c, hash(key * 31 + 4) as d,
        hash(key * 31 + 5) as e, hash(key * 31 + 6) as f
    from cast_list
    where user_no >= $user_from and user_no < $user_to and registered_on < $day and not is_sub
),
masked as (
    select
        user_no, registered_on, contract_share, p_trade, is_earner and is_holder as is_here, draw(key, 24) as luck,
        cast(case
            when p_trade > 0.6 then a | b when p_trade > 0.3 then a when p_trade > 0.15 then a & b when p_trade > 0.07 then a & b & c
            when p_trade > 0.04 then a & b & c & d when p_trade > 0 then a & b & c & d & e else a & b & c & d & e & f
        end as bigint) as mask
    from cast_part
),
listed as (
    select user_no, unnest(list_filter([
        case when p_trade > 0 then 'trading' end, case when p_trade > 0 and contract_share < 1 then 'spot' end,
        case when p_trade > 0 and contract_share > 0 then 'contract' end, case when p_trade > 0 or is_here or luck < 0.6 then 'platform' end
    ], lambda x: x is not null)) as product, registered_on, mask, luck
    from masked
)
select
    user_no, product, registered_on as first_on,
    case
        when mask > 0 then $day::date - cast(log2(mask & -mask) as integer)
        else greatest(registered_on, $day::date - 62 - cast(300 * luck as integer))
    end::date as last_on,
    mask as days_mask,
    cast((mask & 127 > 0)::integer | ((mask >> 7 & 127 > 0)::integer << 1) | ((mask >> 14 & 127 > 0)::integer << 2) | ((mask >> 21 & 127 > 0)::integer << 3) | 16 as bigint) as weeks_mask,
    cast((mask & 1073741823 > 0)::integer | 2 as bigint) as months_mask
from listed
order by user_no, product

-- # firsts
select
    user_no, registered_at, case when has_kyc then registered_at + to_hours(2) end as kyc_at,
    case when p_trade > 0 or is_holder then registered_on end as first_deposit_on, case when p_trade > 0 or is_holder then registered_on end as last_deposit_on,
    case when p_trade > 0.1 then registered_on end as last_withdrawal_on, case when p_trade > 0.3 and contract_share > 0 then registered_on end as last_liquidation_on,
    case when p_trade > 0 or is_holder then registered_at + to_hours(3) end as first_deposit_at, case when p_trade > 0 or is_holder then registered_at + to_hours(3) end as last_deposit_at,
    case when p_trade > 0 and contract_share < 1 then registered_at + to_hours(4) end as first_spot_at, case when p_trade > 0 and contract_share < 1 then registered_at + to_days(20) end as last_spot_at,
    case when p_trade > 0 and contract_share > 0 then registered_at + to_hours(5) end as first_contract_at, case when p_trade > 0 and contract_share > 0 then registered_at + to_days(20) end as last_contract_at,
    case when p_trade > 0.1 then registered_at + to_days(5) end as first_withdrawal_at, case when p_trade > 0.1 then registered_at + to_days(15) end as last_withdrawal_at,
    case when p_trade > 0.3 and contract_share > 0 then registered_at + to_days(6) end as first_liquidation_at, case when p_trade > 0.3 and contract_share > 0 then registered_at + to_days(16) end as last_liquidation_at,
    registered_at as first_session_at, registered_at + to_days(10) as last_session_at
from cast_list
where user_no >= $user_from and user_no < $user_to and not is_sub
order by user_no
