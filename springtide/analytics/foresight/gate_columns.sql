-- Everything that a gate may ask about a user, one row for every user of `audience`; null is not known.
-- grain: user_no (as in audience, sub-accounts too) · money in 1e-6 USDT; reads audience, users, profiles, risk_evidence, channel_values,
-- matrix, live_flags, locks, tasks. Evidence names only users of whom there is something to say, so who is not in it has nothing against them
-- where what it is made from was given ($knows_…). A user who is new (90 days not over, or no trade yet) is expected to bring
-- what a user of their channel brings in 90 days; any other as much as in the last 90 days, or on average since they came.
with flagged as (
    select
        user_no,
        bool_or(kind = 'self_exclusion') as is_self_excluded,
        bool_or(kind = 'cooling_off') as is_cooling_off,
        bool_or(kind = 'sanctions') as is_sanctioned,
        bool_or(kind = 'risk_hold') as is_on_risk_hold,
        bool_or(kind = 'no_promo') as is_no_promo,
        bool_or(kind = 'vulnerable') as is_vulnerable
    from live_flags
    group by user_no
),
everywhere as (
    select ltv_90_usdt
    from channel_values
    where channel_id is null
),
known as (
    select
        a.user_no,
        a.amount_usdt,
        a.promised_usdt,
        u.master_no <> u.user_no as is_sub_account,
        u.user_type,
        coalesce(u.jurisdiction, u.country) as jurisdiction,
        p.tenure_days,
        p.kyc_level,
        p.has_consent,
        p.first_trade_on,
        p.liquidations_7d,
        p.liquidations_30d,
        p.realised_pnl_90d_usdt,
        p.net_deposit_90d_usdt,
        p.volume_30d_usdt,
        p.contract_volume_30d_usdt,
        p.net_revenue_90d_usdt,
        p.net_revenue_all_usdt,
        p.channel_id
    from audience as a
    left join users as u on a.user_no = u.user_no
    left join profiles as p on a.user_no = p.user_no
)
select
    k.user_no,
    k.amount_usdt,
    $kyc_minimum as kyc_minimum,
    case when f.is_self_excluded then true when $knows_restrictions then coalesce(e.is_self_excluded, false) end as is_self_excluded,
    case when f.is_cooling_off then true when $knows_restrictions then coalesce(e.is_cooling_off, false) end as is_cooling_off,
    case when f.is_sanctioned then true when $knows_restrictions then coalesce(e.is_sanctioned, false) end as is_sanctioned,
    case when f.is_on_risk_hold then true when $knows_restrictions then coalesce(e.is_on_risk_hold, false) end as is_on_risk_hold,
    case when f.is_no_promo then true when $knows_restrictions then coalesce(e.is_no_promo, false) end as is_no_promo,
    case when f.is_vulnerable then true when $knows_restrictions then coalesce(e.is_vulnerable, false) end as is_vulnerable,
    k.jurisdiction,
    m.verdict as matrix_verdict,
    case when $knows_kyc then k.kyc_level end as kyc_level,
    k.user_type,
    k.is_sub_account,
    case when $knows_consent then k.has_consent end as has_consent,
    case when $knows_links then coalesce(e.cluster_size, 1) end as cluster_size,
    case when $knows_links then coalesce(e.is_cluster_hub_only, false) end as is_cluster_hub_only,
    case when $knows_links then coalesce(e.cluster_verdict, 'none') end as cluster_verdict,
    case when $knows_links then coalesce(e.cluster_precision_ratio, cast(0 as double)) end as cluster_precision_ratio,
    case when $knows_referrals then coalesce(e.referral_cycle_size, 0) end as referral_cycle_size,
    case when $knows_referrals then coalesce(e.is_referred_within_cluster, false) end as is_referred_within_cluster,
    case when $knows_counterparties then coalesce(e.own_account_30d_usdt, 0) end as own_account_30d_usdt,
    case when $knows_counterparties then coalesce(e.to_and_fro_30d_usdt, 0) end as to_and_fro_30d_usdt,
    case when $knows_counterparties then coalesce(e.one_partner_30d_usdt, 0) end as one_partner_30d_usdt,
    case when $knows_counterparties then coalesce(e.one_partner_trades_30d, 0) end as one_partner_trades_30d,
    k.volume_30d_usdt,
    case when $knows_links then coalesce(e.hedge_30d_usdt, 0) end as hedge_30d_usdt,
    k.contract_volume_30d_usdt,
    coalesce(t.volume_usdt, 0) as task_volume_usdt,
    coalesce(t.excluded_usdt, 0) as task_excluded_usdt,
    $task_minimum_usdt as task_minimum_usdt,
    case when $knows_transfers then coalesce(l.has_cashed_out, false) end as has_cashed_out,
    case when $knows_liquidations then k.liquidations_7d end as liquidations_7d,
    case when $knows_liquidations then k.liquidations_30d end as liquidations_30d,
    case when $knows_losses then greatest(0 - k.realised_pnl_90d_usdt, 0) end as loss_90d_usdt,
    case when $knows_transfers then k.net_deposit_90d_usdt end as net_deposit_90d_usdt,
    case when $knows_leverage then coalesce(e.highest_leverage_30d, 0) end as highest_leverage_30d,
    k.tenure_days,
    case when $knows_rewards then coalesce(e.rewards_30d_usdt, 0) + k.promised_usdt end as rewards_30d_usdt,
    case when $knows_rewards then coalesce(e.cluster_rewards_30d_usdt, 0) + k.promised_usdt end as cluster_rewards_30d_usdt,
    case
        when not $knows_revenue then cast(null as bigint)
        when k.tenure_days < 90 or k.first_trade_on is null then coalesce(c.ltv_90_usdt, w.ltv_90_usdt)
        else greatest(
            k.net_revenue_90d_usdt,
            cast(floor(cast(k.net_revenue_all_usdt as double) * 90.0 / nullif(cast(k.tenure_days + 1 as double), 0.0)) as bigint)
        )
    end as expected_revenue_usdt
from known as k
left join flagged as f on k.user_no = f.user_no
left join risk_evidence as e on k.user_no = e.user_no
left join matrix as m on k.jurisdiction = m.jurisdiction and k.user_type = m.user_type
left join channel_values as c on k.channel_id = c.channel_id
left join everywhere as w on true
left join locks as l on k.user_no = l.user_no
left join tasks as t on k.user_no = t.user_no
