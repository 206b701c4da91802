-- How many users of each group traded in each period, each once, however many days they did.
-- grain: period_on, group_key · counts of users; reads user_days, day_bits (a bit for every day), period_masks (the bits of a period), people
-- Only days from $since to $until are read, 62 at most: a user's days become one mask each, and every period is a look at it. A user's day
-- counts as in days.sql.
with masks as (
    select
        d.user_no,
        bit_or(case when d.spot_trades > 0 or d.first_spot_at is not null then b.day_bit else 0 end) as spot_mask,
        bit_or(case when d.contract_trades > 0 or d.first_contract_at is not null then b.day_bit else 0 end) as contract_mask,
        bit_or(case when d.liquidations > 0 then b.day_bit else 0 end) as liquidated_mask
    from user_days as d
    inner join day_bits as b on d.day = b.day
    where d.day >= $since and d.day <= $until
    group by d.user_no
)
select
    r.period_on,
    p.group_key,
    count(case when ((m.spot_mask | m.contract_mask) & r.days_mask) <> 0 then 1 end) as traders,
    count(case when (m.spot_mask & r.days_mask) <> 0 then 1 end) as spot_traders,
    count(case when (m.contract_mask & r.days_mask) <> 0 then 1 end) as contract_traders,
    count(case when ((m.contract_mask | m.liquidated_mask) & r.days_mask) <> 0 then 1 end) as contract_users,
    count(case when (m.liquidated_mask & r.days_mask) <> 0 then 1 end) as liquidated_users
from masks as m
inner join people as p on m.user_no = p.user_no
cross join period_masks as r
group by r.period_on, p.group_key
order by r.period_on, p.group_key
