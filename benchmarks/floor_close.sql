-- One day closed by hand: what a DuckDB user would write who knows that yesterday was closed, that nothing was corrected, and that the
-- whole population fits. Statements under lines `-- # name`, run in this order; the files are bound as $name. DuckDB's full dialect.

-- # user_days
create temp table today as
with
spot_fills as (select * from read_parquet($spot_trades) where executed_at >= $from_at and executed_at < $to_at),
contract_fills as (select * from read_parquet($contract_trades) where executed_at >= $from_at and executed_at < $to_at),
spot as (
    select
        user_no, count(*) as trades, sum(notional_usdt)::bigint as volume, sum(fee_usdt)::bigint as fees,
        sum(notional_usdt) filter (role = 'maker')::bigint as maker, sum(notional_usdt) filter (via in ('api', 'bot'))::bigint as api,
        sum(notional_usdt) filter (via = 'copy')::bigint as copied, min(executed_at) as first_at, max(executed_at) as last_at
    from spot_fills group by user_no
),
contract as (
    select
        user_no, count(*) filter (fill_type = 'normal') as trades, sum(notional_usdt) filter (fill_type = 'normal')::bigint as volume,
        sum(fee_usdt)::bigint as fees,
        sum(notional_usdt) filter (fill_type = 'normal' and role = 'maker')::bigint as maker,
        sum(notional_usdt) filter (fill_type = 'normal' and via in ('api', 'bot'))::bigint as api,
        sum(notional_usdt) filter (fill_type = 'normal' and via = 'copy')::bigint as copied,
        count(distinct coalesce(order_id, event_id)) filter (fill_type = 'liquidation') as liquidations,
        sum(realised_pnl_usdt)::bigint as pnl,
        min(executed_at) filter (fill_type = 'normal') as first_at, max(executed_at) filter (fill_type = 'normal') as last_at,
        min(executed_at) filter (fill_type = 'liquidation') as first_liquidation_at, max(executed_at) filter (fill_type = 'liquidation') as last_liquidation_at
    from contract_fills group by user_no
),
arbitrage as (
    select user_no, sum(2 * least(sb, cs) + 2 * least(ss, cb))::bigint as matched
    from (
        select
            user_no,
            coalesce(sum(usdt) filter (is_spot and side = 'buy'), 0) as sb, coalesce(sum(usdt) filter (is_spot and side = 'sell'), 0) as ss,
            coalesce(sum(usdt) filter (not is_spot and side = 'buy'), 0) as cb, coalesce(sum(usdt) filter (not is_spot and side = 'sell'), 0) as cs
        from (
            select user_no, base, executed_at, side, notional_usdt as usdt, true as is_spot from spot_fills semi join contract using (user_no)
            union all
            select user_no, base, executed_at, side, notional_usdt, false from contract_fills semi join spot using (user_no) where fill_type = 'normal'
        )
        where base is not null
        group by user_no, base, date_trunc('hour', executed_at)
    )
    group by user_no
),
moved as (
    select
        user_no,
        count(*) filter (kind = 'deposit') as deposits, sum(usdt) filter (kind = 'deposit')::bigint as deposit_usdt,
        count(*) filter (kind = 'withdrawal') as withdrawals, sum(usdt) filter (kind = 'withdrawal')::bigint as withdrawal_usdt,
        min(happened_at) filter (kind = 'deposit') as first_deposit_at, max(happened_at) filter (kind = 'deposit') as last_deposit_at,
        min(happened_at) filter (kind = 'withdrawal') as first_withdrawal_at, max(happened_at) filter (kind = 'withdrawal') as last_withdrawal_at
    from read_parquet($transfers)
    where happened_at >= $from_at and happened_at < $to_at and kind in ('deposit', 'withdrawal') and status = 'completed'
    group by user_no
),
seen as (select user_no, sum(sessions)::bigint as sessions, sum(seconds)::bigint as seconds from read_parquet($sessions) where day = $day group by user_no),
rewarded as (
    select
        user_no, sum(usdt) filter (action = 'grant')::bigint as granted,
        sum(usdt) filter (action in ('consume_fee', 'consume_loss', 'convert'))::bigint as consumed, sum(usdt) filter (action in ('consume_loss', 'convert'))::bigint as cost
    from read_parquet($reward_entries) where happened_at >= $from_at and happened_at < $to_at group by user_no
),
earned as (select user_no, sum(usdt)::bigint as income from read_parquet($other_income) where happened_at >= $from_at and happened_at < $to_at group by user_no),
paid as (select user_no, sum(usdt)::bigint as commission from read_parquet($commissions) where happened_at >= $from_at and happened_at < $to_at group by user_no)
select
    user_no::integer as user_no, $day::date as day,
    coalesce(s.trades, 0) as spot_trades, coalesce(c.trades, 0) as contract_trades,
    coalesce(s.volume, 0) as spot_volume_usdt, coalesce(c.volume, 0) as contract_volume_usdt,
    coalesce(s.fees, 0) as spot_fees_usdt, coalesce(c.fees, 0) as contract_fees_usdt,
    coalesce(s.maker, 0) + coalesce(c.maker, 0) as maker_volume_usdt, coalesce(s.api, 0) + coalesce(c.api, 0) as api_volume_usdt,
    coalesce(s.copied, 0) + coalesce(c.copied, 0) as copy_volume_usdt, coalesce(matched, 0) as arbitrage_volume_usdt,
    coalesce(liquidations, 0) as liquidations, coalesce(pnl, 0) as realised_pnl_usdt,
    coalesce(deposits, 0) as deposits, coalesce(deposit_usdt, 0) as deposit_usdt, coalesce(withdrawals, 0) as withdrawals, coalesce(withdrawal_usdt, 0) as withdrawal_usdt,
    coalesce(sessions, 0) as sessions, coalesce(seconds, 0) as session_seconds,
    coalesce(granted, 0) as rewards_granted_usdt, coalesce(consumed, 0) as rewards_consumed_usdt, coalesce(cost, 0) as rewards_cost_usdt,
    coalesce(income, 0) as other_income_usdt, coalesce(commission, 0) as commissions_usdt,
    coalesce(s.fees, 0) + coalesce(c.fees, 0) + coalesce(income, 0) - coalesce(commission, 0) - coalesce(cost, 0) as net_revenue_usdt,
    first_deposit_at, last_deposit_at, s.first_at as first_spot_at, s.last_at as last_spot_at, c.first_at as first_contract_at, c.last_at as last_contract_at,
    first_withdrawal_at, last_withdrawal_at, first_liquidation_at, last_liquidation_at,
    case when sessions > 0 then $from_at::timestamp end as first_session_at, case when sessions > 0 then $from_at::timestamp end as last_session_at
from seen
full join spot as s using (user_no)
full join contract as c using (user_no)
full join moved using (user_no)
full join rewarded using (user_no)
full join earned using (user_no)
full join paid using (user_no)
left join arbitrage using (user_no)
order by user_no

-- # write_user_days
copy today to '{user_days}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # equity_days
create temp table held as
select
    user_no, $day::date as day,
    coalesce(sum(usdt) filter (product <> 'bonus'), 0)::bigint as equity_usdt, coalesce(sum(usdt) filter (product = 'spot'), 0)::bigint as spot_equity_usdt,
    coalesce(sum(usdt) filter (product = 'contract'), 0)::bigint as contract_equity_usdt, coalesce(sum(usdt) filter (product = 'earn'), 0)::bigint as earn_equity_usdt,
    coalesce(sum(usdt) filter (product = 'bonus'), 0)::bigint as bonus_usdt
from read_parquet($balances) where day = $day group by user_no
having equity_usdt <> 0 or bonus_usdt <> 0
order by user_no

-- # write_equity_days
copy held to '{equity_days}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # active_days
create temp table active as
select user_no, $day::date as day, product
from (
    select user_no, unnest(list_filter([
        case when spot_trades + contract_trades > 0 then 'trading' end, case when spot_trades > 0 then 'spot' end, case when contract_trades > 0 then 'contract' end,
        case when spot_trades + contract_trades + deposits + sessions > 0 then 'platform' end
    ], lambda x: x is not null)) as product
    from today
    union all
    select user_no, 'platform' from held where earn_equity_usdt > 0
    and user_no not in (select user_no from today where spot_trades + contract_trades + deposits + sessions > 0)
)
order by user_no, product

-- # write_active_days
copy active to '{active_days}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # state
copy (
    with came as (
        select coalesce(t.user_no, h.user_no) as user_no, columns(t.* exclude (user_no, day)), coalesce(h.equity_usdt, 0) as equity_usdt
        from today as t full join held as h on t.user_no = h.user_no
    )
    select
        coalesce(s.user_no, c.user_no) as user_no,
        {state}
    from read_parquet($state) as s
    full join came as c on s.user_no = c.user_no
    left join (from read_parquet($user_days_7) where day = $day - 7) as d7 on s.user_no = d7.user_no
    left join (from read_parquet($user_days_30) where day = $day - 30) as d30 on s.user_no = d30.user_no
    left join (from read_parquet($user_days_90) where day = $day - 90) as d90 on s.user_no = d90.user_no
    left join (from read_parquet($equity_days_30) where day = $day - 30) as e30 on s.user_no = e30.user_no
) to '{state_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # firsts
copy (
    select
        u.user_no, u.registered_at, case when u.kyc_passed_at < $to_at then u.kyc_passed_at end as kyc_at,
        least(f.first_deposit_on, case when t.first_deposit_at is not null then $day end)::date as first_deposit_on,
        greatest(f.last_deposit_on, case when t.first_deposit_at is not null then $day end)::date as last_deposit_on,
        greatest(f.last_withdrawal_on, case when t.first_withdrawal_at is not null then $day end)::date as last_withdrawal_on,
        greatest(f.last_liquidation_on, case when t.first_liquidation_at is not null then $day end)::date as last_liquidation_on,
        least(f.first_deposit_at, t.first_deposit_at) as first_deposit_at, greatest(f.last_deposit_at, t.last_deposit_at) as last_deposit_at,
        least(f.first_spot_at, t.first_spot_at) as first_spot_at, greatest(f.last_spot_at, t.last_spot_at) as last_spot_at,
        least(f.first_contract_at, t.first_contract_at) as first_contract_at, greatest(f.last_contract_at, t.last_contract_at) as last_contract_at,
        least(f.first_withdrawal_at, t.first_withdrawal_at) as first_withdrawal_at, greatest(f.last_withdrawal_at, t.last_withdrawal_at) as last_withdrawal_at,
        least(f.first_liquidation_at, t.first_liquidation_at) as first_liquidation_at, greatest(f.last_liquidation_at, t.last_liquidation_at) as last_liquidation_at,
        least(f.first_session_at, t.first_session_at) as first_session_at, greatest(f.last_session_at, t.last_session_at) as last_session_at
    from read_parquet($users) as u
    left join read_parquet($firsts) as f on u.user_no = f.user_no
    left join today as t on u.user_no = t.user_no
    where u.user_no = u.master_no
) to '{firsts_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # activity
copy (
    select
        coalesce(b.user_no, c.user_no) as user_no, coalesce(b.product, c.product) as product,
        coalesce(b.first_on, c.day) as first_on, coalesce(c.day, b.last_on) as last_on,
        ((coalesce(b.days_mask, 0) & 2305843009213693951) << 1) | (c.day is not null)::bigint as days_mask,
        ((coalesce(b.weeks_mask, 0) & $week_keep) << $weeks) | (c.day is not null)::bigint as weeks_mask,
        ((coalesce(b.months_mask, 0) & $month_keep) << $months) | (c.day is not null)::bigint as months_mask
    from read_parquet($activity) as b full join active as c on b.user_no = c.user_no and b.product = c.product
) to '{activity_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # profiles
copy (
    with
    later as (
        select user_no, attribute, arg_min(old_value, valid_from) as old_value
        from read_parquet($user_status_history) where valid_from >= $to_at group by user_no, attribute
    ),
    undone as (
        select
            user_no, max(old_value) filter (attribute = 'status') as status, max(old_value) filter (attribute = 'vip_level')::integer as vip_level,
            max(old_value) filter (attribute = 'kyc_level')::integer as kyc_level
        from later group by user_no
    ),
    restricted as (
        select distinct user_no from read_parquet($restrictions)
        where kind in ('self_exclusion', 'cooling_off', 'sanctions', 'risk_hold') and valid_from < $to_at and (valid_to is null or valid_to >= $to_at)
    ),
    marked as (
        select
            user_no,
            case when count(*) filter (is_task_shaped) >= 2 then max(day) filter (is_task_shaped)
            else max(day) filter (is_task_shaped and (is_cashed_out or linked_takers > 0)) end as marked_on
        from read_parquet($bonus_marks) where day between $day - 90 and $day group by user_no
    ),
    ladder as (
        select level, lead(spot_volume_30d) over up as next_spot, lead(contract_volume_30d) over up as next_contract, lead(asset_usdt) over up as next_asset,
            spot_volume_30d as own_spot, contract_volume_30d as own_contract, asset_usdt as own_asset,
            coalesce(logic, '') = 'all' as own_all, coalesce(lead(logic) over up, '') = 'all' as next_all
        from (
            select 0::integer as level, null::bigint as spot_volume_30d, null::bigint as contract_volume_30d, null::bigint as asset_usdt, 'any' as logic
            union all
            select level, spot_volume_30d, contract_volume_30d, asset_usdt, logic from read_parquet($vip_tiers) where valid_from < $to_at
        )
        window up as (order by level)
    ),
    trading as (
        select user_no, first_on, last_on, days_mask, ($day::date - last_on)::integer as silent from read_parquet('{activity_file}') where product = 'trading'
    ),
    silent as (
        select user_no
        from (
            select
                user_no, bit_count(days_mask)::integer as days,
                list_sort(list_transform(list_filter(range(62), lambda k: days_mask >> k & 1 = 1), lambda k: k)) as ages, silent
            from trading where silent > 14 and bit_count(days_mask) > 5
        )
        where len(list_filter(range(1, len(ages)), lambda i: ages[i + 1] - ages[i] >= silent)) * 10 <= days - 1
    )
    select
        u.user_no, u.user_type, coalesce(u.user_type, 'retail') not in ('market_maker', 'employee', 'test') as is_counted, u.registered_on,
        ($day::date - u.registered_on)::integer as tenure_days, u.country, u.language, u.channel_id,
        coalesce(n.kyc_level, u.kyc_level) as kyc_level, case when u.kyc_passed_on <= $day then u.kyc_passed_on end as kyc_passed_on,
        coalesce(n.vip_level, u.vip_level) as vip_level, coalesce(n.status, u.status) as status, u.marketing_consent as has_consent,
        r.user_no is not null as is_restricted,
        f.first_deposit_on, t.first_on as first_trade_on, p.first_on as first_spot_on, c.first_on as first_contract_on, t.last_on as last_trade_on,
        f.last_deposit_on, f.last_withdrawal_on, f.last_liquidation_on,
        t.silent as days_since_trade, ($day::date - l.last_on)::integer as days_since_platform_active,
        ($day::date - u.registered_on)::integer as days_since_registration, ($day::date - f.first_deposit_on)::integer as days_since_first_deposit,
        coalesce(bit_count(t.days_mask & 127), 0)::integer as trading_days_7d, coalesce(bit_count(t.days_mask & 1073741823), 0)::integer as trading_days_30d,
        coalesce(bit_count(t.days_mask), 0)::integer as trading_days_62d, q.user_no is not null as is_personally_silent,
        coalesce(columns(s.* exclude (user_no, equity_sum_30d_usdt)), 0),
        coalesce(s.spot_trades_30d + s.contract_trades_30d, 0) as trades_30d, coalesce(s.spot_trades_90d + s.contract_trades_90d, 0) as trades_90d,
        coalesce(s.spot_trades_all + s.contract_trades_all, 0) as trades_all,
        coalesce(s.spot_volume_30d_usdt + s.contract_volume_30d_usdt, 0) as volume_30d_usdt, coalesce(s.spot_volume_90d_usdt + s.contract_volume_90d_usdt, 0) as volume_90d_usdt,
        coalesce(s.deposit_30d_usdt - s.withdrawal_30d_usdt, 0) as net_deposit_30d_usdt, coalesce(s.deposit_90d_usdt - s.withdrawal_90d_usdt, 0) as net_deposit_90d_usdt,
        coalesce(h.equity_usdt, 0) as equity_usdt, coalesce(h.earn_equity_usdt, 0) as earn_equity_usdt,
        floor(coalesce(s.equity_sum_30d_usdt, 0)::double / 30.0)::bigint as equity_mean_30d_usdt,
        greatest(coalesce(h.equity_usdt, 0), floor(coalesce(s.equity_sum_30d_usdt, 0)::double / 30.0)::bigint) as asset_size_usdt,
        case
            when v.next_all then least(
                coalesce(s.spot_volume_30d_usdt, 0)::double / v.next_spot, coalesce(s.contract_volume_30d_usdt, 0)::double / v.next_contract, coalesce(h.equity_usdt, 0)::double / v.next_asset)
            else greatest(
                coalesce(s.spot_volume_30d_usdt, 0)::double / v.next_spot, coalesce(s.contract_volume_30d_usdt, 0)::double / v.next_contract, coalesce(h.equity_usdt, 0)::double / v.next_asset)
        end as vip_next_ratio,
        coalesce(case
            when v.own_all then coalesce(s.spot_volume_30d_usdt, 0) < v.own_spot or coalesce(s.contract_volume_30d_usdt, 0) < v.own_contract or coalesce(h.equity_usdt, 0) < v.own_asset
            else coalesce(coalesce(s.spot_volume_30d_usdt, 0) < v.own_spot, true) and coalesce(coalesce(s.contract_volume_30d_usdt, 0) < v.own_contract, true)
                and coalesce(coalesce(h.equity_usdt, 0) < v.own_asset, true) and coalesce(v.own_spot, v.own_contract, v.own_asset) is not null
        end, false) as is_downgrade_risk,
        m.marked_on as bonus_marked_on, ($day::date - m.marked_on)::integer as days_since_bonus_mark
    from read_parquet($users) as u
    left join undone as n on u.user_no = n.user_no
    left join read_parquet('{firsts_file}') as f on u.user_no = f.user_no
    left join read_parquet('{state_file}') as s on u.user_no = s.user_no
    left join trading as t on u.user_no = t.user_no
    left join (from read_parquet('{activity_file}') where product = 'spot') as p on u.user_no = p.user_no
    left join (from read_parquet('{activity_file}') where product = 'contract') as c on u.user_no = c.user_no
    left join (from read_parquet('{activity_file}') where product = 'platform') as l on u.user_no = l.user_no
    left join held as h on u.user_no = h.user_no
    left join silent as q on u.user_no = q.user_no
    left join restricted as r on u.user_no = r.user_no
    left join marked as m on u.user_no = m.user_no
    left join ladder as v on v.level = coalesce(n.vip_level, u.vip_level)
    where u.user_no = u.master_no and u.registered_at < $to_at
) to '{profiles_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # population
create temp table edges as
select quantile_disc(net_revenue_90d_usdt, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99]) as p
from read_parquet('{profiles_file}') where is_counted and net_revenue_90d_usdt > 0

-- # write_population
copy (
    select unnest(['value_p' || (k * 10) || '_usdt' for k in range(1, 10)] || ['value_p99_usdt']) as key, unnest(p) as value_usdt from edges
) to '{population_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # strata
copy (
    select
        user_no, is_counted,
        case
            when is_restricted or status = 'frozen' then 'restricted' when status = 'closed' then 'closed'
            when days_since_trade > 90 then 'dormant' when days_since_trade > 30 then 'lapsing'
            when vip_level >= 1 then 'vip' when contract_trades_30d > 0 then 'contract_active' when trades_all >= 2 then 'repeat'
            when days_since_trade is not null then 'first_traded' when days_since_first_deposit <= 30 then 'deposited_fresh'
            when days_since_first_deposit is not null then 'deposited_stale' when kyc_level >= 1 then 'kyc_passed'
            when days_since_registration <= 30 then 'registered_fresh' else 'registered_stale'
        end as lifecycle,
        case
            when coalesce(tenure_days, 0) < 1 then 'day0' when tenure_days <= 7 then 'onboarding' when tenure_days <= 30 then 'settling'
            when tenure_days <= 90 then 'young' when tenure_days <= 365 then 'established' else 'veteran'
        end as tenure,
        case
            when days_since_trade is null then 'never_traded' when days_since_trade <= 7 then 'active' when days_since_trade <= 30 then 'cooling'
            when days_since_trade <= 60 then 'quiet' when days_since_trade <= 90 then 'silent' when days_since_trade <= 180 then 'cold' else 'lost'
        end as activity,
        case
            when trading_days_30d = 0 then 'none' when trading_days_30d <= 2 then 'light' when trading_days_30d <= 7 then 'regular'
            when trading_days_30d <= 15 then 'busy' else 'heavy'
        end as frequency,
        case
            when asset_size_usdt < 1000000 then 'empty' when asset_size_usdt < 10000000 then 'dust' when asset_size_usdt < 100000000 then 'micro'
            when asset_size_usdt < 1000000000 then 'small' when asset_size_usdt < 10000000000 then 'mid' when asset_size_usdt < 100000000000 then 'large'
            when asset_size_usdt < 1000000000000 then 'vip' else 'whale'
        end as assets,
        case
            when user_type = 'market_maker' then 'market_maker'
            when api_volume_90d_usdt::double / nullif(volume_90d_usdt, 0) >= 0.5 then 'api_bot'
            when arbitrage_volume_90d_usdt::double / nullif(volume_90d_usdt, 0) >= 0.5 then 'arbitrage'
            when days_since_bonus_mark <= 90 then 'bonus_hunter'
            when copy_volume_90d_usdt::double / nullif(volume_90d_usdt, 0) >= 0.5 then 'copy'
            when contract_volume_90d_usdt::double / nullif(volume_90d_usdt, 0) > 0.95 then 'contract_only'
            when contract_volume_90d_usdt::double / nullif(volume_90d_usdt, 0) < 0.05 then 'spot_only'
            when volume_90d_usdt > 0 then 'mixed'
            when earn_equity_usdt::double / nullif(equity_usdt, 0) >= 0.5 then 'earner'
            when equity_usdt >= 100000000 and trades_30d = 0 and net_deposit_90d_usdt >= 0 then 'holder'
            when trades_30d >= 100 then 'high_turnover' else 'idle'
        end as behaviour,
        case
            when net_revenue_90d_usdt < 0 then 'negative' when net_revenue_90d_usdt = 0 or p is null then 'zero'
            when net_revenue_90d_usdt <= p[1] then 'd1' when net_revenue_90d_usdt <= p[2] then 'd2' when net_revenue_90d_usdt <= p[3] then 'd3'
            when net_revenue_90d_usdt <= p[4] then 'd4' when net_revenue_90d_usdt <= p[5] then 'd5' when net_revenue_90d_usdt <= p[6] then 'd6'
            when net_revenue_90d_usdt <= p[7] then 'd7' when net_revenue_90d_usdt <= p[8] then 'd8' when net_revenue_90d_usdt <= p[9] then 'd9'
            when net_revenue_90d_usdt <= p[10] then 'top10' else 'top1'
        end as value,
        case
            when rewards_consumed_90d_usdt <= 0 or (fees_90d_usdt > 0 and rewards_consumed_90d_usdt::double / fees_90d_usdt < 0.2) then 'organic'
            when fees_90d_usdt > 0 and rewards_consumed_90d_usdt::double / fees_90d_usdt <= 1 then 'helped' else 'dependent'
        end as incentive,
        case
            when is_downgrade_risk then 'at_risk' when vip_next_ratio >= 1 or (vip_next_ratio is null and vip_level >= 1) then 'in_tier'
            when vip_next_ratio >= 0.8 then 'near' when vip_next_ratio >= 0.5 then 'over_half' when vip_next_ratio >= 0.2 then 'under_half' else 'far'
        end as vip_distance
    from read_parquet('{profiles_file}'), edges
) to '{strata_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # moves
copy (
    select user_no, $day::date as day, 'stratum' as kind, key, was, becomes, was is null as is_first
    from (
        select
            a.user_no,
            unnest(['lifecycle', 'tenure', 'activity', 'frequency', 'assets', 'behaviour', 'value', 'incentive', 'vip_distance']) as key,
            unnest([b.lifecycle, b.tenure, b.activity, b.frequency, b.assets, b.behaviour, b.value, b.incentive, b.vip_distance]) as was,
            unnest([a.lifecycle, a.tenure, a.activity, a.frequency, a.assets, a.behaviour, a.value, a.incentive, a.vip_distance]) as becomes
        from read_parquet('{strata_file}') as a left join read_parquet($strata) as b on a.user_no = b.user_no
        where (a.lifecycle, a.tenure, a.activity, a.frequency, a.assets, a.behaviour, a.value, a.incentive, a.vip_distance)
            is distinct from (b.lifecycle, b.tenure, b.activity, b.frequency, b.assets, b.behaviour, b.value, b.incentive, b.vip_distance)
    )
    where was is distinct from becomes
) to '{moves_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)

-- # market_days
copy (
    with
    closes as (from read_parquet($prices) where asset = 'BTC'),
    steps as (
        select day, close_usdt, ln(close_usdt::double / (first_value(close_usdt) over (order by day range between interval 1 day preceding and interval 1 day preceding))::double) as r
        from closes
    ),
    spread as (
        select day, close_usdt, first_value(close_usdt) over (order by day range between interval 30 day preceding and interval 30 day preceding) as base,
            case when count(r) over month = 30 then stddev_samp(r) over month * sqrt(365.0) end as volatility
        from steps window month as (order by day range between interval 29 day preceding and current row)
    ),
    ranked as (
        select day, (select count(y.volatility) from spread as y where y.day > s.day - 365 and y.day <= s.day) as known,
            (select count(*) from spread as y where y.day > s.day - 365 and y.day <= s.day and y.volatility < s.volatility) as calmer
        from spread as s
    )
    select
        day, close_usdt as btc_close_usdt, close_usdt::double / base - 1 as return_30d_ratio, volatility as volatility_30d_ratio,
        case when close_usdt * 100 > base * 110 then 'bull' when close_usdt * 100 < base * 90 then 'bear' when base is not null then 'flat' end as regime,
        case when volatility is not null and known >= 60 then calmer * 100 >= known * 80 end as is_high_volatility
    from spread inner join ranked using (day) order by day
) to '{market_days_file}' (format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000)
