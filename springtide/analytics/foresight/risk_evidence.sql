-- What is known against users, or asks for care with them, beside what their profiles say, as of $day.
-- grain: user_no · money in 1e-6 USDT over the 30 days up to $day; users of whom there is nothing to say have no row
-- reads restrictions, clusters, referral_cycles, referrals, users, risk_days
-- The evidence of a day is used on the next one: a restriction counts that holds at any moment of [$to_at, $next_at).
with restricted as (
    select
        user_no,
        bool_or(kind = 'self_exclusion') as is_self_excluded,
        bool_or(kind = 'cooling_off') as is_cooling_off,
        bool_or(kind = 'sanctions') as is_sanctioned,
        bool_or(kind = 'risk_hold') as is_on_risk_hold,
        bool_or(kind = 'no_promo') as is_no_promo,
        bool_or(kind = 'vulnerable') as is_vulnerable
    from restrictions
    where valid_from < $next_at and (valid_to is null or valid_to > $to_at)
    group by user_no
),
linked as (
    select user_no, cluster_no, size, is_hub_only, verdict, score, precision_ratio
    from clusters
    where size > 1 or is_hub_only
),
brought as (
    select distinct r.user_no
    from referrals as r
    inner join users as u on r.inviter_no = u.user_no
    inner join linked as a on r.user_no = a.user_no
    inner join linked as b on u.master_no = b.user_no
    where a.cluster_no = b.cluster_no and a.user_no <> b.user_no
),
summed as (
    select
        user_no,
        cast(sum(own_account_usdt) as bigint) as own_account_usdt,
        cast(sum(to_and_fro_usdt) as bigint) as to_and_fro_usdt,
        cast(sum(hedge_usdt) as bigint) as hedge_usdt,
        max(highest_leverage) as highest_leverage,
        cast(sum(rewards_usdt) as bigint) as rewards_usdt
    from risk_days
    where day > $day - 30 and day <= $day
    group by user_no
),
shares as (
    select user_no, partner_no, cast(sum(partner_usdt) as bigint) as partner_usdt, cast(sum(partner_trades) as bigint) as partner_trades
    from risk_days
    where day > $day - 30 and day <= $day and partner_no is not null
    group by user_no, partner_no
),
partners as (
    select user_no, max(partner_usdt) as partner_usdt, arg_max(partner_trades, partner_usdt) as partner_trades -- allow ties: of two partners with equal volume neither has more than half
    from shares
    group by user_no
),
granted as (
    select l.cluster_no, cast(sum(s.rewards_usdt) as bigint) as rewards_usdt
    from linked as l
    inner join summed as s on l.user_no = s.user_no
    group by l.cluster_no
),
everybody as (
    select user_no from restricted
    union
    select user_no from linked
    union
    select user_no from referral_cycles
    union
    select user_no from summed
)
select
    e.user_no,
    coalesce(r.is_self_excluded, false) as is_self_excluded,
    coalesce(r.is_cooling_off, false) as is_cooling_off,
    coalesce(r.is_sanctioned, false) as is_sanctioned,
    coalesce(r.is_on_risk_hold, false) as is_on_risk_hold,
    coalesce(r.is_no_promo, false) as is_no_promo,
    coalesce(r.is_vulnerable, false) as is_vulnerable,
    l.cluster_no,
    l.size as cluster_size,
    coalesce(l.is_hub_only, false) as is_cluster_hub_only,
    l.verdict as cluster_verdict,
    l.score as cluster_score,
    l.precision_ratio as cluster_precision_ratio,
    c.size as referral_cycle_size,
    b.user_no is not null as is_referred_within_cluster,
    coalesce(s.own_account_usdt, 0) as own_account_30d_usdt,
    coalesce(s.to_and_fro_usdt, 0) as to_and_fro_30d_usdt,
    coalesce(s.hedge_usdt, 0) as hedge_30d_usdt,
    coalesce(p.partner_usdt, 0) as one_partner_30d_usdt,
    coalesce(p.partner_trades, 0) as one_partner_trades_30d,
    s.highest_leverage as highest_leverage_30d,
    coalesce(s.rewards_usdt, 0) as rewards_30d_usdt,
    coalesce(g.rewards_usdt, s.rewards_usdt, 0) as cluster_rewards_30d_usdt
from everybody as e
left join restricted as r on e.user_no = r.user_no
left join linked as l on e.user_no = l.user_no
left join referral_cycles as c on e.user_no = c.user_no
left join brought as b on e.user_no = b.user_no
left join summed as s on e.user_no = s.user_no
left join partners as p on e.user_no = p.user_no
left join granted as g on l.cluster_no = g.cluster_no
order by e.user_no
