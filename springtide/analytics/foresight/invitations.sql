-- Who invited whom, among those who both invited and were invited: only they can stand on a round of invitations.
-- grain: invitee_no, inviter_no · reads referrals, users; sub-accounts are their masters
with invited as (
    select distinct r.user_no as invitee_no, u.master_no as inviter_no
    from referrals as r
    inner join users as u on r.inviter_no = u.user_no
)
select i.invitee_no, i.inviter_no
from invited as i
where i.inviter_no in (select invitee_no from invited) and i.invitee_no in (select inviter_no from invited)
