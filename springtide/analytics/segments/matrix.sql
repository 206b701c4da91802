-- What stands in each cell of the strategy, and what left it downwards since an earlier day.
-- grain: (lifecycle, tier, override) of `placed` or `placed_before` · users now, users a month ago and a week ago, money in 1e-6 USDT,
-- users who stood here a month ago and now stand further down, and the net revenue of 90 days that they had then
-- reads placed (as of the day), placed_week (seven days before), placed_month (thirty days before): one row per counted user, with
-- ranks that grow upwards and are null for whoever moves nowhere. A day that is not kept has no rows: the caller knows, and says so.
with moved as (
    select
        b.lifecycle,
        b.tier,
        b.override_key,
        b.net_revenue_90d_usdt,
        case
            when n.life_rank < b.life_rank then 1
            when n.life_rank = b.life_rank and n.tier_rank < b.tier_rank then 1
            else 0
        end as is_down
    from placed_month as b
    inner join placed as n on b.user_no = n.user_no
),
figures as (
    select lifecycle, tier, override_key, 1 as users, 0 as users_week, equity_usdt, net_revenue_90d_usdt, 0 as leak_users, 0 as leak_usdt
    from placed
    union all
    select lifecycle, tier, override_key, 0 as users, 1 as users_week, 0 as equity_usdt, 0 as net_revenue_90d_usdt, 0 as leak_users, 0 as leak_usdt
    from placed_week
    union all
    select
        lifecycle, tier, override_key, 0 as users, 0 as users_week, 0 as equity_usdt, 0 as net_revenue_90d_usdt, is_down as leak_users,
        is_down * net_revenue_90d_usdt as leak_usdt
    from moved
)
select
    lifecycle,
    tier,
    override_key,
    cast(sum(users) as bigint) as users,
    cast(sum(users_week) as bigint) as users_week,
    cast(coalesce(sum(equity_usdt), 0) as bigint) as equity_usdt,
    cast(coalesce(sum(net_revenue_90d_usdt), 0) as bigint) as net_revenue_90d_usdt,
    cast(sum(leak_users) as bigint) as leak_users,
    cast(coalesce(sum(leak_usdt), 0) as bigint) as leak_usdt
from figures
group by lifecycle, tier, override_key
order by lifecycle nulls last, tier nulls last, override_key nulls last
