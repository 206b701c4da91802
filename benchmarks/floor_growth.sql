-- Growth accounting by hand: every user's weeks from all user days, then who is new, stayed, came back, left.

-- # growth
with seen as (
    select user_no, date_trunc('week', day)::date as week
    from read_parquet($user_days)
    where (spot_trades > 0 or contract_trades > 0)
        and user_no not in (select user_no from read_parquet($profiles) where not is_counted)
    group by all
),
placed as (
    select
        week, lag(week) over by_user as week_before, lead(week) over by_user as week_after
    from seen
    window by_user as (partition by user_no order by week)
),
came as (
    select
        week, count(*) as active, count(*) filter (week_before is null) as new, count(*) filter (week_before = week - 7) as retained,
        count(*) filter (week_before < week - 7) as resurrected
    from placed group by week
),
left_us as (
    select week + 7 as week, count(*) as churned
    from placed where week_after is null or week_after > week + 7 group by week
)
select week, active, new, retained, resurrected, coalesce(churned, 0) as churned
from came left join left_us using (week)
where week between $since and $until
order by week
