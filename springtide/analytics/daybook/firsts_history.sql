-- The first and last time of every milestone from all of user_days: for users whose facts were voided or moved, and for a rebuild.
-- grain: user_no · times in UTC · reads user_days, users_again (the users to count)
select
    d.user_no,
    min(case when d.first_deposit_at is not null then d.day end) as first_deposit_on,
    max(case when d.last_deposit_at is not null then d.day end) as last_deposit_on,
    max(case when d.last_withdrawal_at is not null then d.day end) as last_withdrawal_on,
    max(case when d.last_liquidation_at is not null then d.day end) as last_liquidation_on,
    min(d.first_deposit_at) as first_deposit_at,
    max(d.last_deposit_at) as last_deposit_at,
    min(d.first_spot_at) as first_spot_at,
    max(d.last_spot_at) as last_spot_at,
    min(d.first_contract_at) as first_contract_at,
    max(d.last_contract_at) as last_contract_at,
    min(d.first_withdrawal_at) as first_withdrawal_at,
    max(d.last_withdrawal_at) as last_withdrawal_at,
    min(d.first_liquidation_at) as first_liquidation_at,
    max(d.last_liquidation_at) as last_liquidation_at,
    min(d.first_session_at) as first_session_at,
    max(d.last_session_at) as last_session_at
from user_days as d
inner join users_again as u on d.user_no = u.user_no
where d.day <= $day
group by d.user_no
