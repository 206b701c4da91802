-- Takers of a task, judged on $day, seven days after its unlock: did they come for the bonus alone?
-- grain: user_no, campaign_ref · money in 1e-6 USDT · reads reward_entries, task_days, user_days, links
-- Task-shaped: trades at most the minimum + 1, or volume 1.0 to 1.3 times the task's, or at least $inside_percent % of the fills of 90 days
-- inside the task's window. Cashed out: at least $out_percent % of deposits and rewards withdrawn in the seven days from the unlock.
with tasks as (
    select campaign_ref, minimum_trades, minimum_volume_usdt, starts_on, ends_on, unlock_on
    from task_days
    where unlock_on = $day - 7
),
takers as (
    select r.user_no, r.campaign_ref, cast(sum(case when r.action = 'grant' then r.usdt else 0 end) as bigint) as granted_usdt
    from reward_entries as r
    inner join tasks as t on r.campaign_ref = t.campaign_ref
    where r.action in ('grant', 'activate') and r.happened_at < $to_at
    group by r.user_no, r.campaign_ref
),
did as (
    select
        k.user_no, k.campaign_ref,
        cast(sum(case when d.day >= t.starts_on and d.day <= t.ends_on then d.spot_trades + d.contract_trades else 0 end) as bigint) as task_trades,
        cast(sum(case when d.day >= t.starts_on and d.day <= t.ends_on then d.spot_volume_usdt + d.contract_volume_usdt else 0 end) as bigint) as task_volume_usdt,
        cast(sum(case when d.day > $day - 90 then d.spot_trades + d.contract_trades else 0 end) as bigint) as trades_90d,
        cast(sum(case when d.day >= t.starts_on then d.deposit_usdt else 0 end) as bigint) as deposit_usdt,
        cast(sum(case when d.day >= t.unlock_on and d.day < t.unlock_on + 7 then d.withdrawal_usdt else 0 end) as bigint) as withdrawn_usdt
    from takers as k
    inner join tasks as t on k.campaign_ref = t.campaign_ref
    inner join user_days as d on d.user_no = k.user_no and d.day <= $day
    group by k.user_no, k.campaign_ref
),
shared as (
    select a.user_no, k.campaign_ref, count(distinct b.user_no) as linked_takers
    from takers as k
    inner join links as a on a.user_no = k.user_no
    inner join links as b on a.link_type = b.link_type and a.link_hash = b.link_hash and a.user_no <> b.user_no
    inner join takers as o on o.user_no = b.user_no and o.campaign_ref = k.campaign_ref
    where a.link_type in ('device', 'payment', 'withdrawal_address', 'face')
    group by a.user_no, k.campaign_ref
),
judged as (
    select
        k.user_no, k.campaign_ref,
        coalesce(d.task_trades, 0) as task_trades,
        coalesce(d.task_volume_usdt, 0) as task_volume_usdt,
        coalesce(d.trades_90d, 0) as trades_90d,
        coalesce(d.deposit_usdt, 0) + k.granted_usdt as put_in_usdt,
        coalesce(d.withdrawn_usdt, 0) as withdrawn_usdt,
        coalesce(s.linked_takers, 0) as linked_takers,
        t.minimum_trades,
        t.minimum_volume_usdt
    from takers as k
    inner join tasks as t on k.campaign_ref = t.campaign_ref
    left join did as d on d.user_no = k.user_no and d.campaign_ref = k.campaign_ref
    left join shared as s on s.user_no = k.user_no and s.campaign_ref = k.campaign_ref
)
select
    user_no,
    $day as day,
    campaign_ref, task_trades, task_volume_usdt, trades_90d, put_in_usdt, withdrawn_usdt, linked_takers,
    task_trades > 0 and (
        coalesce(task_trades <= minimum_trades + 1, false)
        or coalesce(task_volume_usdt >= minimum_volume_usdt and task_volume_usdt * 10 <= minimum_volume_usdt * 13, false)
        or task_trades * 100 >= trades_90d * $inside_percent
    ) as is_task_shaped,
    put_in_usdt > 0 and withdrawn_usdt * 100 >= put_in_usdt * $out_percent as is_cashed_out
from judged
order by user_no, campaign_ref
