-- title: First trade within seven days, by month of registration
-- 标题: 注册后七天内首次交易，按注册月份
-- question: Of those whose seven days have passed, how many traded in them?
-- 问题: 七天已满的用户中，有多少在七天内交易？
select
    cast(date_trunc('month', registered_on) as date) as month,
    count(*) as registrants,
    count(case when first_trade_on - registered_on < 7 then 1 end) as converted,
    round(100.0 * count(case when first_trade_on - registered_on < 7 then 1 end) / count(*), 1) as converted_percent
from profiles
where is_counted and tenure_days >= 7
group by all
order by month
