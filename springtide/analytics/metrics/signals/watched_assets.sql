-- What counted users hold at the end of every day from $since to $until.
-- grain: day · money in 1e-6 USDT; reads equity_days, profiles
with outside as (
    select user_no
    from profiles
    where not is_counted
)
select e.day, cast(sum(e.equity_usdt) as bigint) as equity_usdt
from equity_days as e
left join outside as o on e.user_no = o.user_no
where e.day >= $since and e.day <= $until and o.user_no is null
group by e.day
order by e.day
