-- The quantile edges of the day, which rules name beside the columns of a profile.
-- grain: key (no rows while no counted user has positive net revenue) · value_usdt in 1e-6 USDT; reads profiles
-- Nearest rank: the edge at p percent is the smallest value with at least p percent of the users at or below it. Ranks are compared in
-- whole numbers, since 0.1 * users rounds differently from engine to engine.
with positive as (
    select net_revenue_90d_usdt as revenue_usdt, row_number() over (order by net_revenue_90d_usdt nulls last, user_no) as place
    from profiles
    where is_counted and net_revenue_90d_usdt > 0
),
everyone as (
    select count(*) as users
    from profiles
    where is_counted and net_revenue_90d_usdt > 0
),
edges as (
    select 'value_p10_usdt' as key, 10 as percent union all
    select 'value_p20_usdt', 20 union all
    select 'value_p30_usdt', 30 union all
    select 'value_p40_usdt', 40 union all
    select 'value_p50_usdt', 50 union all
    select 'value_p60_usdt', 60 union all
    select 'value_p70_usdt', 70 union all
    select 'value_p80_usdt', 80 union all
    select 'value_p90_usdt', 90 union all
    select 'value_p99_usdt', 99
),
places as (
    select edges.key, edges.percent * everyone.users as reached
    from edges
    cross join everyone
)
select places.key, positive.revenue_usdt as value_usdt
from places
inner join positive on positive.place * 100 >= places.reached and (positive.place - 1) * 100 < places.reached
