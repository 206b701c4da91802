-- What a campaign decides for every candidate: the first check that refuses, in the order in which they are asked, or that it is due.
-- grain: user_no · arm, verdict (due, refused, control, holdout), check_no, reason, risk_reasons, has_passed, due_at, left_in_caps (contacts)
-- reads candidates (one row a user, with what is known of them), assigned (their draws), arms (buckets of each arm), judged (what the risk
-- gates say), decided (this run and step), entered (may not enter again), excluding (in another campaign of the group), withdrawn (consent
-- since the last close), clock_groups (when quiet hours end) and contacted (contacts inside the windows of the caps)
-- Checks 1 to 8 and 10 are asked of every arm alike, and has_passed says that none of them refused: control and holdout apart, since they
-- are what a campaign is compared with. Caps and what a template lacks thin the treated alone. What is not known of risk or consent
-- refuses.
with facts as (
    select
        c.user_no, c.user_id, a.person_id, c.language, c.is_in, c.is_goal_reached, c.lacks, r.arm,
        case
            when not c.is_known then 'unknown_user'
            when c.is_sub_account then 'sub_account'
            when coalesce(c.status, '') <> 'active' then 'not_active'
            when not c.is_counted then 'not_counted'
        end as stands,
        case
            when coalesce(j.verdict, 'deny') = 'deny' then 'risk_deny'
            when j.verdict = 'review' then 'risk_review'
        end as risk,
        coalesce(j.reasons, 'unknown') as judged_reasons,
        case
            when $is_service then cast(null as varchar)
            when w.user_no is not null then 'withdrawn'
            when not coalesce(c.has_consent, false) then 'no_consent'
        end as consent,
        not $is_service
            and a.control_bucket < $control_ends
            and coalesce(c.vip_level, 0) < $vip_level_outside as is_control,
        case
            when e.user_no is not null then 'entered_before'
            when x.user_no is not null then 'in_another'
        end as again,
        d.user_no is not null as is_decided,
        case
            when $is_service then cast(null as varchar)
            when $is_outreach and coalesce(k.outreach, 0) >= $most_outreach then 'capped_outreach'
            when not $is_outreach and coalesce(k.of_class, 0) >= $most_of_class then 'capped_class'
            when coalesce(k.of_channel, 0) >= $most_of_channel then 'capped_channel'
            when coalesce(k.of_all, 0) >= $most_of_all then 'capped_overall'
        end as capped,
        case
            when $is_service then $most_of_all
            when $is_outreach then least($most_outreach - coalesce(k.outreach, 0), $most_of_all - coalesce(k.of_all, 0))
            else least(
                $most_of_class - coalesce(k.of_class, 0),
                $most_of_channel - coalesce(k.of_channel, 0),
                $most_of_all - coalesce(k.of_all, 0)
            )
        end as caps_leave,
        g.release_at, g.basis
    from candidates as c
    left join assigned as a on c.user_no = a.user_no
    left join arms as r on a.campaign_bucket >= r.begins and a.campaign_bucket < r.ends
    left join judged as j on c.user_no = j.user_no
    left join withdrawn as w on c.user_no = w.user_no
    left join entered as e on c.user_no = e.user_no
    left join excluding as x on c.user_no = x.user_no
    left join decided as d on c.user_no = d.user_no
    left join contacted as k on c.user_no = k.user_no
    left join clock_groups as g on c.clock_group = g.clock_group
),
asked as (
    select
        user_no, user_id, person_id, language, judged_reasons, release_at, basis,
        case when is_control then 'control' else coalesce(arm, 'none') end as drawn_arm,
        is_control,
        not is_decided
            and stands is null
            and risk is null
            and consent is null
            and is_in
            and again is null
            and not is_goal_reached as has_passed,
        case
            when is_decided then 2
            when stands is not null then 3
            when risk is not null then 4
            when consent is not null then 5
            when is_control then 6
            when not is_in then 7
            when again is not null then 8
            when is_goal_reached then 10
            when arm = 'holdout' then 9
            when capped is not null then 13
            when lacks is not null then 15
            else 16
        end as check_no,
        stands, risk, consent, again, capped, lacks, caps_leave
    from facts
)
select
    user_no, user_id, person_id, language,
    drawn_arm as arm,
    case check_no when 16 then 'due' when 6 then 'control' when 9 then 'holdout' else 'refused' end as verdict,
    check_no,
    case check_no
        when 2 then 'decided_before'
        when 3 then stands
        when 4 then risk
        when 5 then consent
        when 6 then 'control'
        when 7 then 'not_in_audience'
        when 8 then again
        when 9 then 'holdout'
        when 10 then 'goal_reached'
        when 13 then capped
        when 15 then lacks
        else ''
    end as reason,
    case when check_no = 4 then judged_reasons else '' end as risk_reasons,
    has_passed,
    case when check_no = 16 then release_at end as due_at,
    case when check_no = 16 and release_at is not null then basis else '' end as waits_by,
    case when check_no = 16 then caps_leave end as left_in_caps
from asked
