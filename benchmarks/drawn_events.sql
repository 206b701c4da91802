-- The events of the funnel part, each query under a line `-- # name`. DuckDB's full dialect.
-- Users are unlike: the busiest tenth have a fifth of the events. Times are microseconds, of a third of the events whole seconds.

-- # events
with drawn as (
    select hash(n * 7 + $seed) as h1, hash(n * 13 + $seed) as h2, hash(n * 29 + $seed) % 100 as what, n
    from range(cast($users as bigint) * 40) as numbers (n)
)
select
    cast(floor($users * pow((h1 % 1000000007) / 1000000007.0, 1.5)) as integer) as user_no,
    n,
    cast($first_day as timestamp) + to_microseconds(
        cast(h2 % ($days * 86400) as bigint) * 1000000 + case when h1 % 3 = 0 then 0 else cast(h2 // 7777777 % 1000000 as bigint) end
    ) as happened_at,
    case
        when what < 45 then 'app_opened'
        when what < 57 then 'market_viewed'
        when what < 69 then 'deposit_started'
        when what < 83 then 'order_placed'
        when what < 89 then 'order_filled'
        when what < 93 then 'alert_set'
        when what < 97 then 'article_read'
        else 'quiz_passed'
    end as name
from drawn

-- # of_days
select
    user_no, user_no as account_no, cast(n as varchar) as event_id, 'drawn' as source, 1 as version, happened_at, name,
    cast(null as varchar) as properties
from drawn
where happened_at >= $since and happened_at < $until
order by happened_at, n
