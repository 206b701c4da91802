-- What was spent on every channel on the days from $since to $until.
-- grain: channel_id · money in 1e-6 USDT; reads channels
select channel_id, cast(sum(spend_usdt) as bigint) as spend_usdt
from channels
where day >= $since and day <= $until
group by channel_id
order by channel_id
