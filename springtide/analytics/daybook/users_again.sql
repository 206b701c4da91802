-- Users whose corrected days took something away, so that what is first and last must be counted afresh from all of their days: a milestone
-- that is gone or moved inward, or a product in which they are no longer active on that day.
-- grain: user_no · reads user_days_before, user_days_now, active_days_before, active_days_now (both sides of the corrected days), day_weights
select b.user_no
from user_days_before as b
inner join day_weights as w on b.day = w.day and w.side = 'before'
left join user_days_now as n on b.user_no = n.user_no and b.day = n.day
where
    coalesce(n.first_deposit_at > b.first_deposit_at, b.first_deposit_at is not null)
    or coalesce(n.last_deposit_at < b.last_deposit_at, b.last_deposit_at is not null)
    or coalesce(n.first_spot_at > b.first_spot_at, b.first_spot_at is not null)
    or coalesce(n.last_spot_at < b.last_spot_at, b.last_spot_at is not null)
    or coalesce(n.first_contract_at > b.first_contract_at, b.first_contract_at is not null)
    or coalesce(n.last_contract_at < b.last_contract_at, b.last_contract_at is not null)
    or coalesce(n.first_withdrawal_at > b.first_withdrawal_at, b.first_withdrawal_at is not null)
    or coalesce(n.last_withdrawal_at < b.last_withdrawal_at, b.last_withdrawal_at is not null)
    or coalesce(n.first_liquidation_at > b.first_liquidation_at, b.first_liquidation_at is not null)
    or coalesce(n.last_liquidation_at < b.last_liquidation_at, b.last_liquidation_at is not null)
    or coalesce(n.first_session_at > b.first_session_at, b.first_session_at is not null)
    or coalesce(n.last_session_at < b.last_session_at, b.last_session_at is not null)
union
select b.user_no
from active_days_before as b
inner join day_weights as w on b.day = w.day and w.side = 'before'
left join active_days_now as n on b.user_no = n.user_no and b.day = n.day and b.product = n.product
where n.user_no is null
