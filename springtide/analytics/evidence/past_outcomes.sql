-- What each user of an audience brought in the last days, and in as many days before: a campaign's outcome and covariate without a campaign.
-- grain: user_no, for users with anything in either · y_usdt from $since up to $until, x_usdt from $before up to $since
-- reads audience (user_no) and user_days; money in 1e-6 USDT; for trading_days days, for traded 1 or 0
with days as (
    select
        d.user_no,
        d.day >= $since as is_after,
        case $metric
            when 'net_revenue' then d.net_revenue_usdt
            when 'fees' then d.spot_fees_usdt + d.contract_fees_usdt
            when 'volume' then d.spot_volume_usdt + d.contract_volume_usdt
            when 'net_deposits' then d.deposit_usdt - d.withdrawal_usdt
            else cast(case when d.spot_trades + d.contract_trades > 0 then 1 else 0 end as bigint)
        end as figure
    from user_days as d
    inner join audience as a on d.user_no = a.user_no
    where d.day >= $before and d.day < $until
),
users as (
    select
        user_no,
        cast(coalesce(sum(case when is_after then figure end), 0) as bigint) as y,
        cast(coalesce(sum(case when not is_after then figure end), 0) as bigint) as x
    from days
    group by user_no
)
select
    user_no,
    case when $metric = 'traded' then least(y, 1) else y end as y_usdt,
    case when $metric = 'traded' then least(x, 1) else x end as x_usdt
from users
where y <> 0 or x <> 0
order by user_no
