-- How the users of each group stood at the end of one period.
-- grain: group_key · counts of users; reads profiles and strata (as of the period's last day), people
-- A user without a fill for more than $lapsing_days days is lapsing, for more than $dormant_days dormant; who never traded is neither. Active
-- is who traded in the last $lapsing_days days; dependent is the stratum of those whose rewards are worth more than their fees.
select
    p.group_key,
    count(*) as users,
    count(case when c.last_trade_on is not null then 1 end) as ever_traded,
    count(case when c.days_since_trade < $lapsing_days then 1 end) as active,
    count(case when c.days_since_trade < $lapsing_days and s.incentive = 'dependent' then 1 end) as dependent_active,
    count(case when c.days_since_trade > $lapsing_days and c.days_since_trade <= $dormant_days then 1 end) as lapsing,
    count(case when c.days_since_trade > $dormant_days then 1 end) as dormant,
    count(case when c.is_restricted then 1 end) as restricted
from people as p
inner join profiles as c on p.user_no = c.user_no
left join strata as s on p.user_no = s.user_no
group by p.group_key
order by p.group_key
