-- The person behind every account, under whose name it is assigned. Who has one keeps it for as long as the salt does.
-- grain: user_no · person_no, since_on · is_new for those who had none
-- reads accounts_of (user_no, master_no), clusters (linked accounts) and persons_known (as they stand); a sub-account has no row: it is
-- its master's
-- A newcomer to a cluster gets the person of whoever of it was assigned first; a cluster of which nobody was is one person, under the
-- least number. Clusters that merge later keep their persons. Hubs and clusters above $largest_cluster link nobody.
with linked as (
    select user_no, cluster_no
    from clusters
    where not is_hub_only and size <= $largest_cluster
),
accounts as (
    select u.user_no, l.cluster_no
    from accounts_of as u
    left join linked as l on u.user_no = l.user_no
    where u.user_no = u.master_no
),
in_order as (
    select
        a.cluster_no, k.person_no,
        row_number() over (partition by a.cluster_no order by k.since_on nulls last, k.user_no) as place
    from accounts as a
    inner join persons_known as k on a.user_no = k.user_no
    where a.cluster_no is not null
),
inherited as (
    select cluster_no, person_no
    from in_order
    where place = 1
),
together as (
    select cluster_no, min(user_no) as person_no
    from accounts
    where cluster_no is not null
    group by cluster_no
)
select
    a.user_no,
    coalesce(k.person_no, i.person_no, t.person_no, a.user_no) as person_no,
    coalesce(k.since_on, $day) as since_on,
    k.user_no is null as is_new
from accounts as a
left join persons_known as k on a.user_no = k.user_no
left join inherited as i on a.cluster_no = i.cluster_no
left join together as t on a.cluster_no = t.cluster_no
