-- title: How far new users come, by channel
-- 标题: 各渠道新用户走到哪一步
-- question: Of the users of each channel, how many passed KYC, deposited and traded?
-- 问题: 各渠道的用户有多少完成了 KYC、入金和交易？
select
    coalesce(channel_id, '(unknown)') as channel,
    count(*) as users,
    count(kyc_passed_on) as passed_kyc,
    count(first_deposit_on) as deposited,
    count(first_trade_on) as traded,
    round(100.0 * count(first_trade_on) / count(*), 1) as traded_percent
from profiles
where is_counted
group by all
order by users desc
