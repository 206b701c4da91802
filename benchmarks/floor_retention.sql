-- Retention by hand: every user's weeks from all user days, the first of which is the cohort.

-- # retention
with seen as (
    select user_no, date_trunc('week', day)::date as week
    from read_parquet($user_days)
    where (spot_trades > 0 or contract_trades > 0)
        and user_no not in (select user_no from read_parquet($profiles) where not is_counted)
    group by all
),
cohorts as (
    select user_no, min(week) as cohort from seen group by user_no having min(week) between $since and $until
),
came_back as (
    select cohort, cast((week - cohort) / 7 as integer) as column_no, count(*) as users
    from cohorts join seen using (user_no)
    where week >= cohort and week < cohort + 7 * $columns
    group by all
)
select cohort, column_no, users from came_back order by all
