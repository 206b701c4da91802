-- title: From spot to contracts
-- 标题: 从现货到合约
-- question: How many spot traders went on to contracts, and within how many days?
-- 问题: 多少现货用户后来做了合约，用了多少天？
select
    cast(date_trunc('month', first_spot_on) as date) as month,
    count(*) as spot_traders,
    count(case when first_contract_on >= first_spot_on then 1 end) as went_on,
    median(case when first_contract_on >= first_spot_on then first_contract_on - first_spot_on end) as median_days
from profiles
where is_counted and first_spot_on is not null
group by all
order by month
