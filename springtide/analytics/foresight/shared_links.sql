-- What users share that tells people apart: for each such thing, its users, each with the first of them.
-- grain: user_no, first_no, is_hub · reads links
-- An address block (ip24) is shared by strangers and is left out. What more than $hub_users users share is a hub (an office, a shop's
-- terminal, an exchange's own address) and links nobody: its rows are there, so that who shares nothing else can be told.
with held as (
    select distinct user_no, link_type, link_hash
    from links
    where link_type in ('device', 'payment', 'withdrawal_address', 'face', 'api_key')
),
things as (
    select link_type, link_hash, count(*) as users, min(user_no) as first_no
    from held
    group by link_type, link_hash
    having count(*) > 1
)
select distinct
    h.user_no,
    case when t.users > $hub_users then h.user_no else t.first_no end as first_no,
    t.users > $hub_users as is_hub
from held as h
inner join things as t on h.link_type = t.link_type and h.link_hash = t.link_hash
