-- How many users of each group took a step in each period, and how many of them took the one that follows it in time.
-- grain: period_on, group_key · counts of users; reads profiles (as of the last closed day), firsts, people, windows
-- $began, $done: registration, kyc, deposit, trade, spot_trade or contract_trade. In time is $window_days times 24 hours, edge included; with
-- $by_calendar, on days 0 to $window_days - 1. matured: those who began by $matured_by, whose time has passed. Steps come out of order in real
-- data: whoever took the second before the first has taken it in time.
with steps as (
    select
        p.group_key,
        case $began
            when 'registration' then c.registered_on when 'kyc' then c.kyc_passed_on when 'deposit' then c.first_deposit_on
            when 'trade' then c.first_trade_on when 'spot_trade' then c.first_spot_on when 'contract_trade' then c.first_contract_on
        end as began_on,
        case $began
            when 'registration' then f.registered_at when 'kyc' then f.kyc_at when 'deposit' then f.first_deposit_at
            when 'trade' then least(f.first_spot_at, f.first_contract_at) when 'spot_trade' then f.first_spot_at when 'contract_trade' then f.first_contract_at
        end as began_at,
        case $done
            when 'registration' then c.registered_on when 'kyc' then c.kyc_passed_on when 'deposit' then c.first_deposit_on
            when 'trade' then c.first_trade_on when 'spot_trade' then c.first_spot_on when 'contract_trade' then c.first_contract_on
        end as done_on,
        case $done
            when 'registration' then f.registered_at when 'kyc' then f.kyc_at when 'deposit' then f.first_deposit_at
            when 'trade' then least(f.first_spot_at, f.first_contract_at) when 'spot_trade' then f.first_spot_at when 'contract_trade' then f.first_contract_at
        end as done_at
    from people as p
    inner join profiles as c on p.user_no = c.user_no
    left join firsts as f on p.user_no = f.user_no
),
judged as (
    select
        group_key,
        began_on,
        began_on <= $matured_by as is_matured,
        case
            when $by_calendar then datediff('day', began_on, done_on) < $window_days
            else epoch_us(done_at) - epoch_us(began_at) <= cast($window_days as bigint) * 86400000000
        end as is_in_time
    from steps
    where began_on >= $since and began_on <= $until
)
select
    w.period_on,
    j.group_key,
    count(*) as begun,
    count(case when j.is_matured then 1 end) as matured,
    count(case when j.is_matured and j.is_in_time then 1 end) as converted
from judged as j
inner join windows as w on j.began_on = w.day
group by w.period_on, j.group_key
order by w.period_on, j.group_key
