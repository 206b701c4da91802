-- What the exchange says of each reward that we asked for: what it granted, what was used, and how it ended.
-- grain: reference · money in 1e-6 USDT; reads reward_entries
select
    reference,
    cast(sum(case when action = 'grant' then usdt else 0 end) as bigint) as granted_usdt,
    cast(sum(case when action in ('consume_fee', 'consume_loss', 'convert') then usdt else 0 end) as bigint) as used_usdt,
    bool_or(action = 'activate') as is_active,
    bool_or(action = 'expire') as is_expired,
    bool_or(action = 'revoke') as is_revoked,
    max(happened_at) as last_at
from reward_entries
where reference is not null and happened_at < $to_at
group by reference
