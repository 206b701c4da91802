-- Who took out, before a lock ended, what had to stay.
-- grain: user_no (users who reached the qualifying net deposit within [$since, $until]) · money in 1e-6 USDT; reads user_days
-- What came in and went out on one day stands against each other. Who never qualified has no row: that is no cashing out.
with moved as (
    select
        user_no, day,
        cast(sum(deposit_usdt - withdrawal_usdt) over (
            partition by user_no order by day rows between unbounded preceding and current row
        ) as bigint) as net_usdt
    from user_days
    where day >= $since and day <= $until
),
reached as (
    select user_no, min(day) as reached_on
    from moved
    where net_usdt >= $qualifying_usdt
    group by user_no
)
select r.user_no, bool_or(m.day > r.reached_on and m.net_usdt < $qualifying_usdt) as has_cashed_out
from reached as r
inner join moved as m on r.user_no = m.user_no
group by r.user_no
