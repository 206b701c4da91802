-- The steps from registration on: who took each, how soon after the step before, as of the instant $to_at.
-- grain: step, month (of registration; null for all together unless $by_month) · counts of users, times in microseconds
-- reads firsts, profiles, chain_steps (every step with the one it follows and its window; registration follows itself)
-- A rate counts those whose window since the step before has passed, however it ended; an open one would count as a failure that may yet
-- be mended. The edge of the window is included. Steps come out of order in real data: whoever took a step before the one it follows has
-- taken it in time and is told apart as early, but has no time between; whoever took it without the other is skipping.
with known as (
    select
        case when $by_month then cast(date_trunc('month', p.registered_on) as date) end as month,
        f.registered_at,
        case when f.kyc_at < $to_at then f.kyc_at end as kyc_at,
        case when f.first_deposit_at < $to_at then f.first_deposit_at end as deposit_at,
        case when f.first_spot_at < $to_at then f.first_spot_at end as spot_at,
        case when f.first_contract_at < $to_at then f.first_contract_at end as contract_at
    from firsts as f
    inner join profiles as p on f.user_no = p.user_no
    where p.is_counted and f.registered_at < $to_at
),
steps as (
    select
        k.month, c.step, c.window_us,
        case c.after_step
            when 'registration' then k.registered_at when 'kyc' then k.kyc_at when 'deposit' then k.deposit_at else k.spot_at
        end as began_at,
        case c.step
            when 'registration' then k.registered_at when 'kyc' then k.kyc_at when 'deposit' then k.deposit_at when 'spot_trade' then k.spot_at else k.contract_at
        end as done_at
    from known as k
    cross join chain_steps as c
),
timed as (
    select
        month, step, window_us, began_at, done_at,
        epoch_us($to_at) - epoch_us(began_at) as age_us,
        epoch_us(done_at) - epoch_us(began_at) as taken_us
    from steps
)
select
    step,
    month,
    count(done_at) as reached,
    count(case when age_us >= window_us then 1 end) as matured,
    count(case when age_us >= window_us and taken_us <= window_us then 1 end) as converted,
    count(case when age_us < window_us and done_at is null then 1 end) as still_open,
    count(case when taken_us < 0 then 1 end) as early,
    count(case when done_at is not null and began_at is null then 1 end) as skipping,
    quantile_disc(case when age_us >= window_us and taken_us >= 0 and taken_us <= window_us then taken_us end, 0.5) as median_us
from timed
group by step, month
order by month nulls first, step
