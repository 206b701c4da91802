-- What came, stayed and went in each period, of users (value 1 each) or of money.
-- grain: period_no · in the unit of value; reads standing (user_no, period_no, is_first, value), where a user without value has no row
-- active = new + retained + resurrected, and active = active of the period before + new + resurrected - churned + expansion - contraction:
-- every pair of neighbouring periods of a user falls into exactly one of the cases.
with here as (
    select user_no, period_no, is_first, value
    from standing
),
gone_on as (
    select user_no, period_no + 1 as period_no_after, value as value_before
    from standing
),
pairs as (
    select coalesce(h.period_no, g.period_no_after) as period_no, h.is_first, h.value, g.value_before
    from here as h
    full join gone_on as g on h.user_no = g.user_no and h.period_no = g.period_no_after
)
select
    period_no,
    cast(coalesce(sum(value), 0) as bigint) as active,
    cast(coalesce(sum(case when value_before is null and is_first then value end), 0) as bigint) as new,
    cast(coalesce(sum(case when value_before is not null then value end), 0) as bigint) as retained,
    cast(coalesce(sum(case when value_before is null and not is_first then value end), 0) as bigint) as resurrected,
    cast(coalesce(sum(case when value is null then value_before end), 0) as bigint) as churned,
    cast(coalesce(sum(case when value > value_before then value - value_before end), 0) as bigint) as expansion,
    cast(coalesce(sum(case when value < value_before then value_before - value end), 0) as bigint) as contraction
from pairs
group by period_no
order by period_no
