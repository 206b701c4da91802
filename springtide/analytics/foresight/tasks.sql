-- What users traded from $since through $until, and the part of it that does not count.
-- grain: user_no · money in 1e-6 USDT; reads user_days, risk_days
-- Left out: volume with oneself; and of that with others what went to and fro, or what was traded with one partner alone if that is more
-- than half of everything, whichever is larger.
with traded as (
    select user_no, cast(sum(spot_volume_usdt + contract_volume_usdt) as bigint) as volume_usdt
    from user_days
    where day >= $since and day <= $until
    group by user_no
),
suspect as (
    select user_no, cast(sum(own_account_usdt) as bigint) as own_account_usdt, cast(sum(to_and_fro_usdt) as bigint) as to_and_fro_usdt
    from risk_days
    where day >= $since and day <= $until
    group by user_no
),
shares as (
    select user_no, partner_no, cast(sum(partner_usdt) as bigint) as partner_usdt
    from risk_days
    where day >= $since and day <= $until and partner_no is not null
    group by user_no, partner_no
),
partners as (
    select s.user_no, max(s.partner_usdt) as partner_usdt
    from shares as s
    inner join traded as t on s.user_no = t.user_no
    where s.partner_usdt * 2 > t.volume_usdt
    group by s.user_no
)
select
    t.user_no,
    t.volume_usdt,
    coalesce(s.own_account_usdt, 0) + greatest(coalesce(s.to_and_fro_usdt, 0), coalesce(p.partner_usdt, 0)) as excluded_usdt
from traded as t
left join suspect as s on t.user_no = s.user_no
left join partners as p on t.user_no = p.user_no
