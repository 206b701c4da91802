-- title: Days from registration to the first deposit
-- 标题: 从注册到首次入金的天数
-- question: How long do users take to deposit?
-- 问题: 用户要多久才入金？
select first_deposit_on - registered_on as days, count(*) as users
from profiles
where is_counted and first_deposit_on is not null
group by all
order by days
