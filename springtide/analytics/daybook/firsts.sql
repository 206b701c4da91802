-- The first and last time of every milestone of every user.
-- grain: user_no · times in UTC, null where it never happened · reads users, firsts_before, user_days_now, day_weights, users_again,
-- firsts_again; users from $user_from up to $user_to; KYC counts where it was passed before $to_at
-- Days that came or changed can only widen what is known, except where a fact was voided or moved in time: those users stand in
-- users_again, and their times in firsts_again, counted afresh from all of their days.
with came as (
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
    from user_days_now as d
    inner join day_weights as w on d.day = w.day and w.side = 'now' and w.is_new
    where d.user_no >= $user_from and d.user_no < $user_to
    group by d.user_no
)
select
    u.user_no,
    u.registered_at,
    case when u.kyc_passed_at < $to_at then u.kyc_passed_at end as kyc_at,
    case when x.user_no is null then least(b.first_deposit_on, c.first_deposit_on) else a.first_deposit_on end as first_deposit_on,
    case when x.user_no is null then greatest(b.last_deposit_on, c.last_deposit_on) else a.last_deposit_on end as last_deposit_on,
    case when x.user_no is null then greatest(b.last_withdrawal_on, c.last_withdrawal_on) else a.last_withdrawal_on end as last_withdrawal_on,
    case when x.user_no is null then greatest(b.last_liquidation_on, c.last_liquidation_on) else a.last_liquidation_on end as last_liquidation_on,
    case when x.user_no is null then least(b.first_deposit_at, c.first_deposit_at) else a.first_deposit_at end as first_deposit_at,
    case when x.user_no is null then greatest(b.last_deposit_at, c.last_deposit_at) else a.last_deposit_at end as last_deposit_at,
    case when x.user_no is null then least(b.first_spot_at, c.first_spot_at) else a.first_spot_at end as first_spot_at,
    case when x.user_no is null then greatest(b.last_spot_at, c.last_spot_at) else a.last_spot_at end as last_spot_at,
    case when x.user_no is null then least(b.first_contract_at, c.first_contract_at) else a.first_contract_at end as first_contract_at,
    case when x.user_no is null then greatest(b.last_contract_at, c.last_contract_at) else a.last_contract_at end as last_contract_at,
    case when x.user_no is null then least(b.first_withdrawal_at, c.first_withdrawal_at) else a.first_withdrawal_at end as first_withdrawal_at,
    case when x.user_no is null then greatest(b.last_withdrawal_at, c.last_withdrawal_at) else a.last_withdrawal_at end as last_withdrawal_at,
    case when x.user_no is null then least(b.first_liquidation_at, c.first_liquidation_at) else a.first_liquidation_at end as first_liquidation_at,
    case when x.user_no is null then greatest(b.last_liquidation_at, c.last_liquidation_at) else a.last_liquidation_at end as last_liquidation_at,
    case when x.user_no is null then least(b.first_session_at, c.first_session_at) else a.first_session_at end as first_session_at,
    case when x.user_no is null then greatest(b.last_session_at, c.last_session_at) else a.last_session_at end as last_session_at
from users as u
left join firsts_before as b on u.user_no = b.user_no
left join came as c on u.user_no = c.user_no
left join users_again as x on u.user_no = x.user_no
left join firsts_again as a on u.user_no = a.user_no
where u.user_no >= $user_from and u.user_no < $user_to and u.user_no = u.master_no
