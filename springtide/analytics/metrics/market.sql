-- The market on the days from $since to $until.
-- grain: day · close in 1e-6 USDT; reads market_days
select day, btc_close_usdt, return_30d_ratio, volatility_30d_ratio, regime, is_high_volatility
from market_days
where day >= $since and day <= $until
order by day
