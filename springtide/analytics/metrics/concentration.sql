-- How unevenly assets, volume and net revenue lie among the counted users who have any.
-- grain: measure · whole numbers, money in 1e-6 USDT; reads profiles, as of one day
-- Only users with a positive value: a negative net revenue has no place in a share, and the many with nothing would only say that most
-- have nothing. Place 1 is the smallest. The products go beyond 64 bits, so they are whole numbers of up to 38 digits; ratios are taken
-- from the exact sums afterwards.
with positive as (
    select 'assets' as measure, user_no, equity_usdt as value_usdt
    from profiles
    where is_counted and equity_usdt > 0
    union all
    select 'volume' as measure, user_no, volume_30d_usdt as value_usdt
    from profiles
    where is_counted and volume_30d_usdt > 0
    union all
    select 'revenue' as measure, user_no, net_revenue_90d_usdt as value_usdt
    from profiles
    where is_counted and net_revenue_90d_usdt > 0
),
placed as (
    select
        measure,
        value_usdt,
        row_number() over (partition by measure order by value_usdt nulls last, user_no) as place,
        count(*) over (partition by measure) as users
    from positive
)
select
    measure,
    max(users) as users,
    cast(sum(value_usdt) as bigint) as total_usdt,
    count(case when (users - place) * 100 < users * $top_percent then 1 end) as top_percent_users,
    cast(coalesce(sum(case when (users - place) * 100 < users * $top_percent then value_usdt end), 0) as bigint) as top_percent_usdt,
    cast(coalesce(sum(case when users - place < $top_users then value_usdt end), 0) as bigint) as top_users_usdt,
    -- allow decimals: both are whole numbers, and their product fits into 38 digits
    cast(sum(cast(place as decimal(19, 0)) * cast(value_usdt as decimal(19, 0))) as decimal(38, 0)) as place_times_value,
    -- allow decimals: both are whole numbers, and their product fits into 38 digits
    cast(sum(cast(value_usdt as decimal(19, 0)) * cast(value_usdt as decimal(19, 0))) as decimal(38, 0)) as value_squared
from placed
group by measure
order by measure
