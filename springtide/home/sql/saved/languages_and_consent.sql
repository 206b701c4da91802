-- title: Whom we may write to, by language
-- 标题: 各语言中可以联系的用户
-- question: How many users agreed to marketing, in each language?
-- 问题: 每种语言有多少用户同意接收营销信息？
select
    coalesce(language, '(unknown)') as language,
    count(*) as users,
    count(case when has_consent then 1 end) as reachable,
    round(100.0 * count(case when has_consent then 1 end) / count(*), 1) as percent
from profiles
where is_counted
group by all
order by users desc
