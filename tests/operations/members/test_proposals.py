"""Members are made, changed and brought back by two persons; switching one off takes one."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members import approvals, proposals, states
from springtide.operations.members.actions import create_member
from springtide.operations.members.models import AuditRow, Member, Proposal
from tests.operations.conftest import NOON, PASSWORD

HERE = "10.0.0.1"


@pytest.fixture
def manager(member_of):
    return member_of("manager")


@pytest.fixture
def approver(member_of):
    return member_of("approver")


def invite(acting, **more):
    return proposals.invite(
        **{"username": "lin", "display_name": "Lin", "role": "analyst", "acting": acting, "now": NOON, **more}
    )


def say_yes(proposed, acting):
    seen = approvals.approval(proposed.approval_id, acting, now=NOON).content_hash
    return proposals.approve_proposal(proposed.approval_id, seen=seen, acting=acting, now=NOON)


def accept(proposed, *, secret=None, at=NOON, password=PASSWORD):
    return proposals.accept_invitation(secret or proposed.secret, password=password, address=HERE, now=at)


def refused(call, *args, **more):
    with pytest.raises((Refused, UnknownName)) as error:
        call(*args, **more)
    return error.value.code


def test_somebody_proposed_approved_and_invited_comes_in_with_a_password_of_their_own(manager, approver):
    proposed = invite(manager, granted_rights=["export_users"], language="zh-hans")
    assert say_yes(proposed, approver)
    lin = accept(proposed)
    kept = Member.objects.get(username="lin")
    assert (kept.pk, kept.role, kept.language, kept.granted_rights) == (lin.pk, "analyst", "zh-hans", ["export_users"])
    assert kept.check_password(PASSWORD)
    assert [row.action for row in AuditRow.objects.order_by("-number")[:4]] == [
        "accept_invitation", "approve", "invite", "ask_approval",
    ]  # fmt: skip


def test_before_it_is_approved_the_link_opens_nothing(manager, approver):
    proposed = invite(manager)
    assert refused(accept, proposed) == "not_approved"
    assert not Member.objects.filter(username="lin").exists()


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_propose(member_of, role):
    create_member(username="spare", display_name="", role="approver", password=PASSWORD, now=NOON)
    acting = member_of(role)
    if role in ("manager", "admin"):
        invite(acting)
    else:
        assert refused(invite, acting) == "not_allowed"


@pytest.mark.parametrize("role", [role for role in states.ROLES if role != "approver"])
def test_who_may_not_approve(member_of, manager, approver, role):
    proposed = invite(manager)
    acting = manager if role == "manager" else member_of(role)
    assert refused(proposals.approve_proposal, proposed.approval_id, seen="x", acting=acting, now=NOON) in (
        "unknown_approval", "four_eyes",
    )  # fmt: skip


def test_nobody_approves_their_own_rise(manager, approver):
    other = create_member(username="other", display_name="", role="approver", password=PASSWORD, now=NOON)
    proposed = proposals.propose_role(approver, role="manager", acting=manager, now=NOON)
    assert refused(say_yes, proposed, approver) == "four_eyes"
    assert say_yes(proposed, other)
    assert Member.objects.get(pk=approver.pk).role == "manager"
    row = AuditRow.objects.latest("number")
    assert (row.action, row.was, row.becomes, row.acting) == ("change_role", "approver", "manager", other)


def test_without_a_second_person_nobody_is_proposed(manager):
    assert refused(invite, manager) == "no_approver"
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": "L"}, "bad_username"),
        ({"username": "manager"}, "username_taken"),
        ({"role": "manger"}, "unknown_role"),
        ({"department": "risk"}, "unknown_department"),
        ({"granted_rights": ["approve_plans"]}, "unknown_right"),
        ({"language": "fr"}, "unknown_language"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(manager, approver, changed, code):
    rows = AuditRow.objects.count()
    assert refused(invite, manager, **changed) == code
    assert not Proposal.objects.exists()
    assert AuditRow.objects.count() == rows


def test_a_name_is_proposed_once_at_a_time(manager, approver):
    proposed = invite(manager)
    assert refused(invite, manager) == "username_taken"
    proposals.withdraw_proposal(proposed.proposal_id, acting=manager, now=NOON)
    invite(manager)


def test_a_link_works_once_in_time_and_not_after_it_was_withdrawn(manager, approver):
    proposed = invite(manager)
    say_yes(proposed, approver)
    assert refused(accept, proposed, at=NOON + timedelta(days=14)) == "bad_invitation"
    assert refused(accept, proposed, password="short") == "weak_password"
    accept(proposed)
    assert refused(accept, proposed) == "bad_invitation"
    other = invite(manager, username="wei")
    say_yes(other, approver)
    proposals.withdraw_proposal(other.proposal_id, acting=manager, now=NOON)
    assert refused(accept, other) == "bad_invitation"


def test_wrong_links_count_as_guesses(db):
    for n in range(20):
        assert refused(accept, None, secret=f"spi_{n}") == "bad_invitation"
    assert refused(accept, None, secret="spi_20") == "too_many_tries"


def test_the_secret_of_a_link_is_kept_nowhere(manager, approver):
    secret = invite(manager).secret
    assert secret not in str(list(Proposal.objects.values())) + str(list(AuditRow.objects.values()))


def test_only_who_proposed_it_or_an_admin_takes_a_proposal_back(manager, approver, member_of):
    first, second = invite(manager), invite(manager, username="wei")
    assert refused(proposals.withdraw_proposal, first.proposal_id, acting=approver, now=NOON) == "unknown_proposal"
    proposals.withdraw_proposal(first.proposal_id, acting=member_of("admin"), now=NOON)
    proposals.withdraw_proposal(second.proposal_id, acting=manager, now=NOON)
    assert proposals.open_proposals(now=NOON) == ()
    assert approvals.waiting_for(approver, now=NOON) == ()


def test_a_proposal_says_whether_it_is_approved(manager, approver):
    proposed = invite(manager)
    assert [(each.username, each.is_new, each.is_approved) for each in proposals.open_proposals(now=NOON)] == [
        ("lin", True, False)
    ]
    say_yes(proposed, approver)
    assert proposals.invitation(proposed.secret, address=HERE, now=NOON).is_approved


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_switch_a_member_off(member_of, role):
    lin = create_member(username="lin", display_name="Lin", role="analyst", password=PASSWORD, now=NOON)
    if role == "admin":
        proposals.switch_off_member(lin, acting=member_of(role), now=NOON)
        assert not Member.objects.get(pk=lin.pk).is_active
    else:
        assert refused(proposals.switch_off_member, lin, acting=member_of(role), now=NOON) == "not_allowed"


def test_a_member_switched_off_comes_back_by_two_persons(member_of, manager, approver):
    admin, analyst = member_of("admin"), member_of("analyst")
    proposals.switch_off_member(analyst, acting=admin, now=NOON)
    assert refused(proposals.switch_off_member, analyst, acting=admin, now=NOON) == "move_not_open"
    assert say_yes(proposals.propose_role(analyst, role="operator", acting=admin, now=NOON), approver)
    kept = Member.objects.get(pk=analyst.pk)
    assert (kept.is_active, kept.role) == (True, "operator")


def test_nobody_switches_themselves_off(member_of):
    admin = member_of("admin")
    assert refused(proposals.switch_off_member, admin, acting=admin, now=NOON) == "own_account"
