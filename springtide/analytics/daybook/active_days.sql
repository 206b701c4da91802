-- In which products every user was active on $day.
-- grain: user_no, day, product · reads user_days, equity_days, given_user_days
-- An own fill is trading. Platform active is a fill, a deposit, a session or an earn position: holders and earners who come are not gone.
with done as (
    select user_no, spot_trades, contract_trades, deposits, sessions
    from user_days
    where day = $day
),
given as (
    select user_no, product, is_trading
    from given_user_days
    where day = $day and is_active
),
earners as (
    select user_no
    from equity_days
    where day = $day and earn_equity_usdt > 0
),
listed as (
    select user_no, 'trading' as product from done where spot_trades > 0 or contract_trades > 0
    union
    select user_no, 'spot' as product from done where spot_trades > 0
    union
    select user_no, 'contract' as product from done where contract_trades > 0
    union
    select user_no, 'platform' as product from done where spot_trades > 0 or contract_trades > 0 or deposits > 0 or sessions > 0
    union
    select user_no, 'platform' as product from earners
    union
    select user_no, 'platform' as product from given
    union
    select user_no, 'trading' as product from given where is_trading
    union
    select user_no, product from given
)
select user_no, $day as day, product
from listed
order by user_no, product
