"""Approvals: they bind to one content, need somebody who had no hand in it, expire, and any edit voids them."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members import approvals, states
from springtide.operations.members.actions import create_member
from springtide.operations.members.models import Approval, AuditRow, Member, Voice
from springtide.operations.members.reads import audit_chain
from tests.operations.conftest import NOON, PASSWORD

RIGHT = "approve_campaigns"


def somebody(name, role, **more):
    return create_member(username=name, display_name=name.title(), role=role, password=PASSWORD, now=NOON, **more)


@pytest.fixture
def drafter(member_of):
    return member_of("operator")


@pytest.fixture
def approver(member_of):
    return member_of("approver")


@pytest.fixture
def second(db):
    return somebody("second", "approver")


def ask(acting, content="aaa", **more):
    given = {"title": "Win back", "right": RIGHT, "now": NOON, **more}
    return approvals.ask_approval("campaign", 7, content, acting=acting, **given)


def say_yes(asked, acting, seen="aaa", at=NOON, **more):
    return approvals.approve(asked, seen=seen, acting=acting, now=at, **more)


def holds(content="aaa", at=NOON):
    return approvals.is_approved("campaign", 7, content, now=at)


def refused(call, *args, **more):
    with pytest.raises((Refused, UnknownName)) as error:
        call(*args, **more)
    return error.value.code


def test_a_yes_holds_for_exactly_the_content_that_was_asked_about(drafter, approver):
    asked = ask(drafter)
    assert not holds()
    assert say_yes(asked, approver, note="Good holdout.")
    assert holds()
    assert not holds("bbb")
    assert not approvals.is_approved("campaign", 8, "aaa", now=NOON)


def test_it_leaves_a_row_for_the_question_and_one_for_the_answer(drafter, approver):
    say_yes(ask(drafter), approver, note="Good holdout.")
    rows = [(r.action, r.subject, r.was, r.becomes, r.acting.username) for r in AuditRow.objects.order_by("-number")[:2]]
    assert rows == [
        ("approve", "campaign 7", "open", "approved", "approver"),
        ("ask_approval", "campaign 7", "", "open", "operator"),
    ]
    assert AuditRow.objects.latest("number").details["note"] == "Good holdout."


def test_a_quorum_of_two_needs_two(drafter, approver, second):
    asked = ask(drafter, quorum=2)
    assert not say_yes(asked, approver)
    assert not holds()
    assert refused(say_yes, asked, approver) == "said_already"
    assert say_yes(asked, second)
    assert holds()


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_approve(member_of, role):
    somebody("spare", "approver")
    asked = ask(somebody("author", "operator"))
    if role in ("manager", "approver"):
        assert say_yes(asked, member_of(role))
    else:
        assert refused(say_yes, asked, member_of(role)) == "unknown_approval"  # it is not theirs to know of


def test_who_asked_drafted_edited_last_or_gains_by_it_may_not(drafter, approver, second):
    manager = somebody("author", "manager")
    asked = ask(manager, excluded=[drafter, approver])
    assert refused(say_yes, asked, manager) == "four_eyes"
    assert refused(say_yes, asked, approver) == "four_eyes"
    assert say_yes(asked, second)


def test_a_second_role_does_not_widen_it(drafter, approver):
    asked = ask(drafter)
    drafter.role = "approver"
    drafter.save()
    assert refused(say_yes, asked, drafter) == "four_eyes"


def test_a_role_that_was_lost_does_not_approve(drafter, approver, second):
    asked = ask(drafter)
    Member.objects.filter(pk=approver.pk).update(role="analyst")
    assert refused(say_yes, asked, Member.objects.get(pk=approver.pk)) == "unknown_approval"


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_no_role_is_exempt(db, approver, role):
    author = somebody("author", role)
    asked = ask(author)
    assert refused(say_yes, asked, author) == "four_eyes"


def test_a_question_that_nobody_could_answer_is_not_asked(drafter):
    assert refused(ask, drafter) == "no_approver"
    alone = somebody("alone", "approver")
    assert refused(ask, alone) == "no_approver"
    assert refused(ask, drafter, quorum=2) == "no_approver"
    assert not Approval.objects.exists()


def test_any_edit_voids_what_was_asked_and_what_was_approved(drafter, approver):
    asked = ask(drafter)
    assert approvals.void_changed("campaign", 7, "bbb", acting=drafter, now=NOON) == 1
    assert refused(say_yes, asked, approver) == "move_not_open"
    asked = ask(drafter, "bbb")
    say_yes(asked, approver, "bbb")
    assert approvals.void_changed("campaign", 7, "bbb", acting=drafter, now=NOON) == 0
    assert holds("bbb")
    assert approvals.void_changed("campaign", 7, "ccc", acting=drafter, now=NOON) == 1
    assert not holds("bbb")


def test_a_yes_to_what_was_seen_is_none_to_what_it_became(drafter, approver):
    asked = ask(drafter)
    assert refused(say_yes, asked, approver, "bbb") == "moved_already"
    assert not Voice.objects.exists()
    assert Approval.objects.get().given == 0


def test_it_goes_back_with_a_reason(drafter, approver):
    asked = ask(drafter)
    assert refused(approvals.return_, asked, seen="aaa", acting=approver, now=NOON, note=" ") == "no_reason"
    approvals.return_(asked, seen="aaa", acting=approver, now=NOON, note="The holdout is too small.")
    assert refused(say_yes, asked, approver) == "move_not_open"
    [seen] = approvals.asked_by(drafter, now=NOON)
    assert (seen.state, seen.voices[0][1:3]) == ("returned", ("return", "The holdout is too small."))
    assert ask(drafter) != asked


def test_a_question_and_a_yes_run_out(drafter, approver):
    asked = ask(drafter)
    assert refused(say_yes, asked, approver, at=NOON + states.ASKED_FOR) == "expired"
    again = ask(drafter, now=NOON + states.ASKED_FOR)
    assert again != asked
    late = NOON + states.ASKED_FOR
    say_yes(again, approver, at=late)
    assert holds(at=late + states.APPROVED_FOR - timedelta(seconds=1))
    assert not holds(at=late + states.APPROVED_FOR)


def test_asked_twice_it_is_one_question(drafter, approver):
    assert ask(drafter) == ask(drafter)
    assert Approval.objects.count() == 1


def test_a_question_is_taken_back_by_who_asked(drafter, approver):
    asked = ask(drafter)
    assert refused(approvals.withdraw_approval, asked, acting=approver, now=NOON) == "unknown_approval"
    approvals.withdraw_approval(asked, acting=drafter, now=NOON)
    assert refused(approvals.withdraw_approval, asked, acting=drafter, now=NOON) == "move_not_open"


def test_the_inbox_shows_what_one_can_answer(drafter, approver, second):
    asked = ask(drafter, quorum=2)
    assert [each.id for each in approvals.waiting_for(approver, now=NOON)] == [asked]
    assert approvals.waiting_for(drafter, now=NOON) == ()
    say_yes(asked, approver)
    assert approvals.waiting_for(approver, now=NOON) == ()
    assert [each.given for each in approvals.waiting_for(second, now=NOON)] == [1]
    assert approvals.approval(asked, drafter, now=NOON).why_not.startswith("Operator had a hand in it")


def test_a_thing_may_need_two_kinds_of_yes(drafter, approver):
    risk = somebody("risk", "collaborator", department="risk")
    asked, of_risk = ask(drafter), ask(drafter, right="approve_rewards")
    assert refused(say_yes, asked, risk) == "unknown_approval"
    assert say_yes(of_risk, risk)
    assert approvals.is_approved("campaign", 7, "aaa", right="approve_rewards", now=NOON)
    assert not approvals.is_approved("campaign", 7, "aaa", right=RIGHT, now=NOON)
    assert say_yes(asked, approver)


def test_two_approvers_at_once_fill_a_quorum_of_two_once_and_one_of_one_once(database_for_two):
    from tests.operations.jobs.test_two_at_once import at_once

    author = somebody("author", "operator")
    crowd = [somebody(f"approver{n}", "approver") for n in range(6)]
    for quorum in (1, 2):
        asked = ask(author, f"content{quorum}", quorum=quorum)

        def answer(n, asked=asked, quorum=quorum):
            try:
                return say_yes(asked, crowd[n], f"content{quorum}")
            except Refused as refused:
                return refused.code

        told = at_once(answer, 6)
        assert told.count(True) == 1
        assert told.count(False) == quorum - 1
        assert Approval.objects.get(pk=asked).given == quorum == Voice.objects.filter(approval=asked).count()
    assert audit_chain().is_whole
