-- What every arm adds up to, stratum by stratum: the sums from which a read-out is reckoned.
-- grain: arm, stratum · n (persons), and sums over them of the outcome y (at most $cap_usdt), of x (the same before assignment), of r (the
-- reward paid) and of their products; the raw_ ones are of the outcome as it is. Whole numbers, money in 1e-6 USDT.
-- reads outcomes (arm, stratum, y_usdt, x_usdt, r_usdt), one row a person assigned
-- Products go beyond 64 bits, and stay within 38 digits. Cubes are of whole $coarse: they only take the skew out of a test.
with sizes as (
    select arm, stratum, count(*) as n
    from outcomes
    group by arm, stratum
),
exact as (
    select
        arm, stratum,
        cast(least(y_usdt, $cap_usdt) as decimal(19, 0)) as y,
        cast(x_usdt as decimal(19, 0)) as x,
        cast(r_usdt as decimal(19, 0)) as r,
        cast(y_usdt as decimal(19, 0)) as raw,
        cast(cast(floor(cast(least(y_usdt, $cap_usdt) as double) / nullif($coarse, 0)) as bigint) as decimal(19, 0)) as y_coarse,
        cast(cast(floor(cast(y_usdt as double) / nullif($coarse, 0)) as bigint) as decimal(19, 0)) as raw_coarse,
        cast(cast(floor(cast(x_usdt as double) / nullif($coarse, 0)) as bigint) as decimal(19, 0)) as x_coarse
    from outcomes
    where y_usdt <> 0 or x_usdt <> 0 or r_usdt <> 0 -- most persons add nothing, and products of 38 digits are dear
),
sums as (
    select
        arm, stratum,
        cast(sum(y) as decimal(38, 0)) as y,
        cast(sum(x) as decimal(38, 0)) as x,
        cast(sum(r) as decimal(38, 0)) as r,
        cast(sum(raw) as decimal(38, 0)) as raw,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(y * y) as decimal(38, 0)) as yy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(x * x) as decimal(38, 0)) as xx,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(r * r) as decimal(38, 0)) as rr,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(x * y) as decimal(38, 0)) as xy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(y * r) as decimal(38, 0)) as yr,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(raw * raw) as decimal(38, 0)) as raw_yy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(raw * x) as decimal(38, 0)) as raw_xy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(raw * r) as decimal(38, 0)) as raw_yr,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(y_coarse * y_coarse as decimal(26, 0)) * cast(y_coarse as decimal(12, 0))) as decimal(38, 0)) as yyy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(x_coarse * y_coarse as decimal(26, 0)) * cast(y_coarse as decimal(12, 0))) as decimal(38, 0)) as xyy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(x_coarse * x_coarse as decimal(26, 0)) * cast(y_coarse as decimal(12, 0))) as decimal(38, 0)) as xxy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(x_coarse * x_coarse as decimal(26, 0)) * cast(x_coarse as decimal(12, 0))) as decimal(38, 0)) as xxx,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(raw_coarse * raw_coarse as decimal(26, 0)) * cast(raw_coarse as decimal(12, 0))) as decimal(38, 0)) as raw_yyy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(x_coarse * raw_coarse as decimal(26, 0)) * cast(raw_coarse as decimal(12, 0))) as decimal(38, 0)) as raw_xyy,
        -- allow decimals: whole numbers, and their product fits into 38 digits
        cast(sum(cast(x_coarse * x_coarse as decimal(26, 0)) * cast(raw_coarse as decimal(12, 0))) as decimal(38, 0)) as raw_xxy
    from exact
    group by arm, stratum
)
select
    z.arm, z.stratum, z.n,
    s.y, s.x, s.r, s.raw, s.yy, s.xx, s.rr, s.xy,
    s.yr, s.raw_yy, s.raw_xy, s.raw_yr, s.yyy, s.xyy, s.xxy, s.xxx,
    s.raw_yyy, s.raw_xyy, s.raw_xxy
from sizes as z
left join sums as s on z.arm = s.arm and coalesce(z.stratum, '') = coalesce(s.stratum, '')
order by z.arm nulls last, z.stratum nulls last
