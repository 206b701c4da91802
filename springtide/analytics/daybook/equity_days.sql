-- What every user held at the end of $day, by wallet.
-- grain: user_no, day · money in 1e-6 USDT · reads balances, given_user_days
-- A balances day is a snapshot: who is not in it holds nothing. $snapshot_day is the day of the snapshot that counts for $day, which
-- is an earlier one where the exchange sent none for $day itself. A bonus wallet is the exchange's money and not equity.
with wallets as (
    select user_no, product, usdt
    from balances
    where day = $snapshot_day
    union all
    select user_no, 'spot' as product, equity_usdt as usdt
    from given_user_days
    where day = $day and equity_usdt is not null
),
held as (
    select
        user_no,
        cast(sum(case when product = 'bonus' then 0 else usdt end) as bigint) as equity_usdt,
        cast(sum(case when product = 'spot' then usdt else 0 end) as bigint) as spot_equity_usdt,
        cast(sum(case when product = 'contract' then usdt else 0 end) as bigint) as contract_equity_usdt,
        cast(sum(case when product = 'earn' then usdt else 0 end) as bigint) as earn_equity_usdt,
        cast(sum(case when product = 'bonus' then usdt else 0 end) as bigint) as bonus_usdt
    from wallets
    group by user_no
)
select user_no, $day as day, equity_usdt, spot_equity_usdt, contract_equity_usdt, earn_equity_usdt, bonus_usdt
from held
where equity_usdt <> 0 or bonus_usdt <> 0
order by user_no
