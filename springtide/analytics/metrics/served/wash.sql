-- How much of the volume was traded with oneself or to and fro between two users.
-- grain: period_on, group_key · money in 1e-6 USDT; reads spot_trades, contract_trades, users, periods, people
-- Own account: both sides roll up to one user. To and fro: in one market and clock hour two users bought and sold with each other, and what
-- is left of it is at most $net_percent % of it. Fills whose other side is not known are in neither sum.
with fills as (
    select user_no, executed_at, market, side, notional_usdt, counterparty_user_id
    from spot_trades
    where executed_at >= $from_at and executed_at < $to_at
    union all
    select user_no, executed_at, market, side, notional_usdt, counterparty_user_id
    from contract_trades
    where executed_at >= $from_at and executed_at < $to_at and fill_type = 'normal'
),
sides as (
    select
        r.period_on, f.user_no, u.master_no as other_no, f.market,
        cast(date_trunc('hour', f.executed_at) as timestamp) as traded_hour,
        case when f.side = 'buy' then f.notional_usdt else 0 end as bought_usdt,
        case when f.side = 'buy' then 0 else f.notional_usdt end as sold_usdt
    from fills as f
    inner join users as u on f.counterparty_user_id = u.user_id
    inner join periods as r on f.executed_at >= r.from_at and f.executed_at < r.to_at
),
pairs as (
    select
        period_on, user_no, other_no, market, traded_hour,
        cast(sum(bought_usdt) as bigint) as bought_usdt,
        cast(sum(sold_usdt) as bigint) as sold_usdt
    from sides
    group by period_on, user_no, other_no, market, traded_hour
),
judged as (
    select
        period_on,
        user_no,
        bought_usdt + sold_usdt as volume_usdt,
        user_no = other_no
        or (bought_usdt > 0 and sold_usdt > 0 and abs(bought_usdt - sold_usdt) * 100 <= (bought_usdt + sold_usdt) * $net_percent) as is_wash
    from pairs
)
select
    j.period_on,
    p.group_key,
    cast(sum(j.volume_usdt) as bigint) as volume_usdt,
    cast(coalesce(sum(case when j.is_wash then j.volume_usdt end), 0) as bigint) as wash_usdt
from judged as j
inner join people as p on j.user_no = p.user_no
group by j.period_on, p.group_key
order by j.period_on, p.group_key
