-- Files as an exchange exports them.

-- # users
select
    'U' || lpad(n::varchar, 12, '0') as user_id, $day::timestamp - to_days(400) as registered_at, 0 as vip_level, 'VN' as country, 'vi' as language,
    1 as kyc_level, $day::timestamp - to_days(399) as kyc_passed_at, 'retail' as user_type, 'active' as status, true as marketing_consent
from range(cast($users as bigint)) as numbers (n)

-- # trades
-- Trades with numbers from $since up to $until, of which the negative ones lie on earlier days; then the last $again of the negative ones once more.
with numbered as (
    select n from range(cast($since as bigint), cast($until as bigint)) as numbers (n)
    union all
    select -1 - n from range(cast($again as bigint)) as repeated (n)
)
select
    'T' || (n + 1000000000)::varchar as event_id,
    'U' || lpad(cast(floor($users * pow(draw(n, $seed), 3)) as bigint)::varchar, 12, '0') as user_id,
    $day::timestamp + to_days(cast(floor(n / 1000000) as integer)) * (n < 0)::integer + to_microseconds(cast(draw(n, 1) * 86399000000 as bigint)) as executed_at,
    case when n % 3 = 0 then 'ETH/USDT' else 'BTC/USDT' end as market, case when n % 3 = 0 then 'ETH' else 'BTC' end as base, 'USDT' as quote,
    case when draw(n, 2) < 0.5 then 'buy' else 'sell' end as side, case when draw(n, 3) < 0.3 then 'maker' else 'taker' end as role,
    cast(60000 * (1 + 0.01 * draw(n, 4)) as decimal(18, 2)) as price, cast(0.001 + 0.1 * draw(n, 5) as decimal(18, 8)) as quantity,
    cast(60 + 6000 * draw(n, 5) as decimal(18, 6)) as notional_usdt, cast((60 + 6000 * draw(n, 5)) * 0.001 as decimal(18, 6)) as fee_usdt,
    'O' || (n // 2)::varchar as order_id, case when draw(n, 6) < 0.1 then 'api' else 'app' end as via
from numbered
