-- How much assets fell through users who took out most of what they held, over the days that lead up to the end of each period.
-- grain: period_on, group_key · users, money in 1e-6 USDT; reads equity_days, user_days, periods, windows, people
-- They held something at the end of before_on, withdrew at least $leaving_percent % of it since, and what they hold fell.
with held as (
    select
        r.period_on,
        e.user_no,
        cast(coalesce(sum(case when e.day = r.before_on then e.equity_usdt end), 0) as bigint) as before_usdt,
        cast(coalesce(sum(case when e.day = r.last_on then e.equity_usdt end), 0) as bigint) as after_usdt
    from equity_days as e
    inner join periods as r on e.day = r.before_on or e.day = r.last_on
    where e.day >= $since and e.day <= $until
    group by r.period_on, e.user_no
),
taken as (
    select w.period_on, d.user_no, cast(sum(d.withdrawal_usdt) as bigint) as withdrawn_usdt
    from user_days as d
    inner join windows as w on d.day = w.day
    where d.day >= $since and d.day <= $until
    group by w.period_on, d.user_no
),
judged as (
    select
        h.period_on,
        h.user_no,
        h.before_usdt,
        case
            when h.before_usdt > h.after_usdt and coalesce(t.withdrawn_usdt, 0) * 100 >= h.before_usdt * $leaving_percent then h.before_usdt - h.after_usdt
            else 0
        end as lost_usdt
    from held as h
    left join taken as t on h.period_on = t.period_on and h.user_no = t.user_no
    where h.before_usdt > 0
)
select
    j.period_on,
    p.group_key,
    count(*) as holders_before,
    count(case when j.lost_usdt > 0 then 1 end) as leavers,
    cast(sum(j.before_usdt) as bigint) as equity_before_usdt,
    cast(sum(j.lost_usdt) as bigint) as lost_usdt
from judged as j
inner join people as p on j.user_no = p.user_no
group by j.period_on, p.group_key
order by j.period_on, p.group_key
