-- How many of those who were dormant at the end of the month before traded in this one.
-- grain: group_key · counts of users; reads strata (as of the last day of the month before), user_days, people
with traded as (
    select distinct user_no
    from user_days
    where day >= $since and day <= $until and (spot_trades + contract_trades > 0 or first_spot_at is not null or first_contract_at is not null)
)
select
    p.group_key,
    count(*) as dormant_before,
    count(t.user_no) as won_back
from people as p
inner join strata as s on p.user_no = s.user_no
left join traded as t on p.user_no = t.user_no
where s.lifecycle = 'dormant'
group by p.group_key
order by p.group_key
