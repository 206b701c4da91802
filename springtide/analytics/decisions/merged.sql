-- Clusters that grew together after their users were assigned: they keep their arms, and are counted.
-- grain: one row · clusters with more than one person, users in them; reads persons and clusters
with linked as (
    select p.person_no, c.cluster_no, p.user_no
    from persons as p
    inner join clusters as c on p.user_no = c.user_no
    where not c.is_hub_only and c.size <= $largest_cluster
),
by_cluster as (
    select cluster_no, count(distinct person_no) as persons, count(*) as users
    from linked
    group by cluster_no
)
select count(*) as clusters, coalesce(cast(sum(users) as bigint), 0) as users
from by_cluster
where persons > 1
