-- What every user's $column says; a user belongs to one group for good.
-- grain: user_no; reads profiles
with told as (
    select
        user_no,
        case $column
            when 'channel_id' then channel_id
            when 'country' then country
            when 'language' then language
            when 'user_type' then user_type
        end as belongs_to
    from profiles
)
select user_no, belongs_to as group_then, belongs_to as group_now
from told
