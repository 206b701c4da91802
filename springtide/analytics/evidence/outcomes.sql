-- What every person of a campaign brought since they were assigned, and before: what a read-out adds up.
-- grain: campaign, person_no · arm, stratum, assigned_on, users, has_two_arms; figures of the campaign's window from the day of assignment,
-- and (before_) of $before_days days up to it, both up to $through; money in 1e-6 USDT
-- reads assigned (campaign, person_no, user_no, arm, stratum, assigned_on, window_days), user_days, and paid (campaign, user_no, day, usdt)
-- A person's linked accounts that were assigned count together, from the first assignment on and in its arm. The day of assignment counts
-- whole, for every arm alike. `revenue` is net revenue before rewards, `rewards` what this campaign's cost beyond the fees already lost to it.
with persons as (
    select
        campaign, person_no, min(assigned_on) as assigned_on, count(*) as users,
        count(distinct arm) > 1 as has_two_arms
    from assigned
    group by campaign, person_no
),
placed as (
    select
        campaign, person_no, arm, stratum,
        row_number() over (partition by campaign, person_no order by assigned_on nulls last, user_no nulls last) as place
    from assigned
),
figures as (
    select
        a.campaign, a.person_no,
        d.day >= p.assigned_on as is_after,
        d.net_revenue_usdt + d.rewards_cost_usdt as revenue,
        d.net_revenue_usdt as net_revenue,
        d.spot_fees_usdt + d.contract_fees_usdt as fees,
        d.spot_volume_usdt + d.contract_volume_usdt as volume,
        d.deposit_usdt - d.withdrawal_usdt as net_deposits,
        case when d.spot_trades + d.contract_trades > 0 then 1 else 0 end as traded
    from assigned as a
    inner join persons as p on a.campaign = p.campaign and a.person_no = p.person_no
    inner join user_days as d on a.user_no = d.user_no
    where
        d.day <= $through
        and datediff('day', p.assigned_on, d.day) < a.window_days
        and datediff('day', p.assigned_on, d.day) >= 0 - $before_days
),
summed as (
    select
        campaign, person_no,
        cast(sum(case when is_after then revenue end) as bigint) as revenue_usdt,
        cast(sum(case when is_after then net_revenue end) as bigint) as net_revenue_usdt,
        cast(sum(case when is_after then fees end) as bigint) as fees_usdt,
        cast(sum(case when is_after then volume end) as bigint) as volume_usdt,
        cast(sum(case when is_after then net_deposits end) as bigint) as net_deposits_usdt,
        cast(sum(case when is_after then traded end) as bigint) as trading_days,
        cast(sum(case when not is_after then revenue end) as bigint) as before_revenue_usdt,
        cast(sum(case when not is_after then net_revenue end) as bigint) as before_net_revenue_usdt,
        cast(sum(case when not is_after then fees end) as bigint) as before_fees_usdt,
        cast(sum(case when not is_after then volume end) as bigint) as before_volume_usdt,
        cast(sum(case when not is_after then net_deposits end) as bigint) as before_net_deposits_usdt,
        cast(sum(case when not is_after then traded end) as bigint) as before_trading_days
    from figures
    group by campaign, person_no
),
rewarded as (
    select a.campaign, a.person_no, cast(sum(r.usdt) as bigint) as rewards_usdt
    from assigned as a
    inner join persons as p on a.campaign = p.campaign and a.person_no = p.person_no
    inner join paid as r on a.campaign = r.campaign and a.user_no = r.user_no
    where r.day <= $through and r.day >= p.assigned_on
    group by a.campaign, a.person_no
)
select
    p.campaign, p.person_no, q.arm, q.stratum, p.assigned_on, p.users, p.has_two_arms,
    coalesce(s.revenue_usdt, 0) as revenue_usdt,
    coalesce(s.net_revenue_usdt, 0) as net_revenue_usdt,
    coalesce(s.fees_usdt, 0) as fees_usdt,
    coalesce(s.volume_usdt, 0) as volume_usdt,
    coalesce(s.net_deposits_usdt, 0) as net_deposits_usdt,
    coalesce(s.trading_days, 0) as trading_days,
    coalesce(s.before_revenue_usdt, 0) as before_revenue_usdt,
    coalesce(s.before_net_revenue_usdt, 0) as before_net_revenue_usdt,
    coalesce(s.before_fees_usdt, 0) as before_fees_usdt,
    coalesce(s.before_volume_usdt, 0) as before_volume_usdt,
    coalesce(s.before_net_deposits_usdt, 0) as before_net_deposits_usdt,
    coalesce(s.before_trading_days, 0) as before_trading_days,
    coalesce(r.rewards_usdt, 0) as rewards_usdt
from persons as p
inner join placed as q on p.campaign = q.campaign and p.person_no = q.person_no and q.place = 1
left join summed as s on p.campaign = s.campaign and p.person_no = s.person_no
left join rewarded as r on p.campaign = r.campaign and p.person_no = r.person_no
order by p.campaign nulls last, p.person_no nulls last
