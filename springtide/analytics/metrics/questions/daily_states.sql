-- The state of every user on every day, from the first active day to $max_dormant_days after the last.
-- grain: user_no, local_no · state; reads activity_gaps, day_offsets (0, 1, 2, …)
-- An active day is judged by the days since the active day before, a silent one by the days since the last active one.
with each_day as (
    select g.user_no, g.local_no + o.offset_no as local_no, o.offset_no, g.local_no - g.before_no as gap_days
    from activity_gaps as g
    inner join day_offsets as o
        on (g.next_no is not null and g.local_no + o.offset_no < g.next_no) or (g.next_no is null and o.offset_no <= $max_dormant_days)
)
select
    user_no, local_no,
    case
        when offset_no = 0 and gap_days is null then 'new'
        when offset_no = 0 and gap_days < $near_days then 'current'
        when offset_no = 0 and gap_days < $far_days then 'reactivated'
        when offset_no = 0 then 'resurrected'
        when offset_no < $near_days then 'at_risk_wau'
        when offset_no < $far_days then 'at_risk_mau'
        else 'dormant'
    end as state
from each_day
