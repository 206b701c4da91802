-- What the users of each group held at the end of each period.
-- grain: period_on, group_key · holders (users with 1 USDT or more), money in 1e-6 USDT; reads equity_days, periods, people
-- A bonus wallet is the exchange's money and no asset of the user's.
select
    r.period_on,
    p.group_key,
    count(case when e.equity_usdt >= 1000000 then 1 end) as holders,
    cast(sum(e.equity_usdt) as bigint) as equity_usdt,
    cast(sum(e.spot_equity_usdt) as bigint) as spot_equity_usdt,
    cast(sum(e.contract_equity_usdt) as bigint) as contract_equity_usdt,
    cast(sum(e.earn_equity_usdt) as bigint) as earn_equity_usdt
from equity_days as e
inner join periods as r on e.day = r.last_on
inner join people as p on e.user_no = p.user_no
where e.day >= $since and e.day <= $until
group by r.period_on, p.group_key
order by r.period_on, p.group_key
