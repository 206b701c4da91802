-- The market's regime on every day with a BTC price.
-- grain: day · money in 1e-6 USDT, ratios 0 to 1 · reads prices
-- Bull, bear, flat by the 30-day return beyond $edge_percent %, compared in whole numbers; high volatility above the $high_percent-th percentile (nearest rank) of the
-- year's 30-day realised volatility. Days are joined by date, not by row number: a missing price leaves a gap, not a shorter window.
with closes as (
    select day, close_usdt
    from prices
    where asset = 'BTC'
),
steps as (
    select c.day, c.close_usdt, ln(cast(c.close_usdt as double) / nullif(cast(y.close_usdt as double), 0)) as log_return
    from closes as c
    left join closes as y on y.day = c.day - 1
),
spread as (
    -- allow float_sum: thirty numbers a day, in whatever order, differ far behind any edge that is asked
    select s.day, case when count(w.log_return) = 30 then stddev_samp(w.log_return) * sqrt(365.0) end as volatility
    from steps as s
    inner join steps as w on w.day > s.day - 30 and w.day <= s.day
    group by s.day
),
ranked as (
    select
        s.day,
        count(y.volatility) as known_days,
        count(case when y.volatility < s.volatility then 1 end) as calmer_days
    from spread as s
    inner join spread as y on y.day > s.day - 365 and y.day <= s.day
    group by s.day
),
measured as (
    select
        c.day,
        c.close_usdt as btc_close_usdt,
        b.close_usdt as close_before_usdt,
        cast(c.close_usdt as double) / nullif(cast(b.close_usdt as double), 0) - 1.0 as return_30d_ratio,
        s.volatility as volatility_30d_ratio,
        r.known_days,
        r.calmer_days
    from closes as c
    left join closes as b on b.day = c.day - 30
    left join spread as s on s.day = c.day
    left join ranked as r on r.day = c.day
)
select
    day,
    btc_close_usdt,
    return_30d_ratio,
    volatility_30d_ratio,
    case
        when btc_close_usdt * 100 > close_before_usdt * (100 + $edge_percent) then 'bull'
        when btc_close_usdt * 100 < close_before_usdt * (100 - $edge_percent) then 'bear'
        when close_before_usdt is not null then 'flat'
    end as regime,
    case when volatility_30d_ratio is not null and known_days >= 60 then calmer_days * 100 >= known_days * $high_percent end as is_high_volatility
from measured
order by day
