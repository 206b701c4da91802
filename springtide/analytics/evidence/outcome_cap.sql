-- The pooled cap of an outcome: its quantile over all arms together, by nearest rank.
-- grain: one row · cap_usdt (null without persons); reads outcomes (y_usdt)
-- A yes or no has no tail, and a quantile of nothing would take all: there the cap is the largest value, and takes nothing.
with ends as (
    select
        case when $is_gentle then quantile_disc(y_usdt, 0.999) else quantile_disc(y_usdt, 0.99) end as quantile_usdt,
        max(y_usdt) as largest_usdt
    from outcomes
)
select case when quantile_usdt <= 0 or largest_usdt <= 1 then largest_usdt else quantile_usdt end as cap_usdt
from ends
