"""Rewards by hand: why, through the gates, alone within a daily limit, and above it with others; and new money for budgets."""

from datetime import timedelta
from decimal import Decimal

import pytest

from springtide.kernel.errors import BadInput
from springtide.kernel.money import micro
from springtide.operations.members import approvals
from springtide.operations.members.models import AuditRow
from springtide.operations.rewards.actions import publish_offer
from springtide.operations.rewards.budgets import approve_budget, change_budget, open_budget
from springtide.operations.rewards.granting import approve_grant, ask_grant, withdraw_grant
from springtide.operations.rewards.limits import limit, set_limit
from springtide.operations.rewards.models import Budget, ManualGrant, Reward
from springtide.operations.risk.gates import Verdict
from tests.operations.conftest import NOON

pytestmark = pytest.mark.django_db

WHY = "a withdrawal was late by two days"


@pytest.fixture
def operator(member_of):
    return member_of("operator")


@pytest.fixture
def approver(member_of):
    return member_of("approver")


@pytest.fixture
def risk(member_of):
    return member_of("collaborator", department="risk")


@pytest.fixture
def goodwill(db):
    """A budget of 20,000 USDT, and an offer of up to 2,000 in cash."""
    budget = open_budget("goodwill", title="Goodwill", kind="plan", amount_usdt=micro(20_000), acting=None, now=NOON)
    offer = publish_offer(
        "sorry",
        title="Sorry",
        kind="cash",
        amount_usdt=micro(2_000),
        terms={"per_user": 9, "per_cluster": 9},
        acting=None,
        now=NOON,
    )
    return {"offer": offer, "budget": budget}


def everybody(users, benefit):
    return {user: Verdict("allow") for user in users}


@pytest.fixture
def ask(goodwill, operator):
    def make(*users, each=10, acting=None, now=NOON, gate=everybody, persons=None, reason=WHY):
        more = {"gate": gate, "persons": persons or {}, "reason": reason}
        return ask_grant(users, amount_usdt=micro(each), acting=acting or operator, now=now, **more, **goodwill)

    return make


def _refused(code, do):
    with pytest.raises(BadInput) as told:
        do()
    assert told.value.code == code
    assert told.value.hint


def _answer(approval_id, acting):
    seen = approvals.approval(approval_id, acting, now=NOON).content_hash
    return approve_grant(approval_id, seen=seen, acting=acting, now=NOON)


def test_an_operator_gives_alone_within_the_daily_limit(ask):
    given = ask("ann", "bob", each=50)
    assert (given.state, given.given, given.refused) == ("done", 2, {})
    assert sorted(Reward.objects.values_list("user_id", "state", "campaign")) == [
        ("ann", "granted", f"grant-{given.grant_id}"),
        ("bob", "granted", f"grant-{given.grant_id}"),
    ]
    told = AuditRow.objects.get(action="ask_grant")
    assert (told.acting.username, told.details["reason"], told.details["total_usdt"]) == ("operator", WHY, micro(100))


def test_the_limit_counts_the_whole_day_and_the_next_day_is_new(ask, approver):
    assert ask("ann", each=150).state == "done"
    assert ask("bob", each=50).state == "done"
    assert ask("cem", each=1).state == "waiting"
    assert ask("dan", each=150, now=NOON + timedelta(hours=12)).state == "done"


def test_above_the_limit_somebody_else_agrees(ask, manager, operator):
    waiting = ask("ann", each=300)
    assert (waiting.state, len(waiting.approvals)) == ("waiting", 1)
    assert not Reward.objects.exists()

    _refused("four_eyes", lambda: _answer(waiting.approvals[0], operator))
    assert _answer(waiting.approvals[0], manager)
    assert Reward.objects.values_list("user_id", "state", "amount_usdt").get() == ("ann", "granted", micro(300))


def test_far_above_it_two_agree_and_a_manager_is_not_enough(ask, manager, approver, risk):
    users = [f"u{n}" for n in range(12)]
    waiting = ask(*users, each=490)
    [question] = waiting.approvals
    _refused("above_limit", lambda: _answer(question, manager))
    assert not _answer(question, approver)
    assert not Reward.objects.exists()
    assert _answer(question, risk)
    assert Reward.objects.filter(state="granted").count() == 12


def test_a_single_large_reward_needs_risk_control_as_well(ask, approver, risk):
    waiting = ask("ann", each=600)
    asked = {approvals.approval(each, risk, now=NOON).title: each for each in waiting.approvals}
    assert len(waiting.approvals) == 2
    assert list(asked) == ["1 × 600.000000 USDT: Sorry"]
    by_approver, by_risk = waiting.approvals
    assert _answer(by_approver, approver)
    assert not Reward.objects.exists()
    assert _answer(by_risk, risk)
    assert Reward.objects.get().state == "granted"


def test_whom_the_gates_do_not_let_through_is_left_out_and_named(ask):
    verdicts = {"ann": Verdict("allow"), "bob": Verdict("deny", ("sanctions",)), "cem": Verdict("review")}
    given = ask("ann", "bob", "cem", "dan", gate=lambda users, benefit: verdicts)
    assert given.given == 1
    assert given.refused == {
        "bob": "deny",
        "cem": "review",
        "dan": "not_judged",
    }  # why, risk control says to those cleared for it
    _refused("nobody_left", lambda: ask("bob", gate=lambda users, benefit: verdicts))


def test_the_gates_are_asked_about_what_is_given(ask):
    asked = []

    def gate(users, benefit):
        asked.append((users, benefit.kind, benefit.amount_usdt))
        return everybody(users, benefit)

    ask("ann", gate=gate)
    assert asked == [(["ann"], "cash", Decimal(2000))]


def test_linked_accounts_of_a_list_get_one(ask):
    given = ask("ann", "ann2", persons={"ann": "p", "ann2": "p"})
    assert (given.given, given.refused) == (1, {"ann2": "has_one"})


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("no_reason", {"reason": "why"}),
        ("no_users", {"users": [" "]}),
        ("over_offer", {"each": 2001}),
        ("over_offer", {"each": 0}),
        ("no_approver", {"each": 201}),
        ("too_many_users", {"users": [str(n) for n in range(10_001)]}),
    ],
)
def test_a_grant_that_cannot_be_is_refused(ask, code, more):
    users = more.pop("users", ["ann"])
    _refused(code, lambda: ask(*users, **more))
    assert not ManualGrant.objects.exists()


@pytest.mark.parametrize("role", ["manager", "analyst", "qc_reviewer", "approver", "admin"])
def test_who_does_not_work_with_users_grants_nothing(ask, member_of, role):
    member = member_of(role)
    _refused("not_allowed", lambda: ask("ann", acting=member))


def test_a_grant_can_be_taken_back_while_it_waits(ask, manager, operator):
    waiting = ask("ann", each=300)
    withdraw_grant(waiting.grant_id, acting=operator, now=NOON)
    _refused("move_not_open", lambda: _answer(waiting.approvals[0], manager))
    _refused("move_not_open", lambda: withdraw_grant(waiting.grant_id, acting=operator, now=NOON))


def test_limits_are_set_by_those_who_approve_above_them(approver, manager):
    _refused("not_allowed", lambda: set_limit("operator_daily", micro(10), acting=manager, now=NOON))
    _refused("unknown_limit", lambda: set_limit("operator_dayly", micro(10), acting=approver, now=NOON))
    set_limit("operator_daily", micro(10), acting=approver, now=NOON)
    assert limit("operator_daily") == micro(10)


def test_new_money_above_the_limit_waits_for_an_approver(manager, approver):
    open_budget("may", title="May", kind="plan", amount_usdt=micro(50_000), acting=manager, now=NOON)
    assert Budget.objects.get(key="may").funded_usdt == micro(50_000)

    change_budget("may", amount_usdt=micro(80_000), acting=manager, now=NOON, reason="a good month")
    assert Budget.objects.get(key="may").funded_usdt == micro(50_000)
    [question] = approvals.waiting_for(approver, now=NOON)
    assert question.title == "May: 80,000.000000 USDT"
    _refused("four_eyes", lambda: approvals.approve(question.id, seen=question.content_hash, acting=manager, now=NOON))

    assert approve_budget(question.id, seen=question.content_hash, acting=approver, now=NOON)
    assert Budget.objects.get(key="may").funded_usdt == micro(80_000)


def test_another_amount_voids_what_was_asked(manager, approver):
    open_budget("may", title="May", kind="plan", amount_usdt=micro(60_000), acting=manager, now=NOON)
    [first] = approvals.waiting_for(approver, now=NOON)
    change_budget("may", amount_usdt=micro(90_000), acting=manager, now=NOON, reason="more")
    _refused("move_not_open", lambda: approve_budget(first.id, seen=first.content_hash, acting=approver, now=NOON))
    change_budget("may", amount_usdt=micro(40_000), acting=manager, now=NOON, reason="less")
    assert approvals.waiting_for(approver, now=NOON) == ()
    assert Budget.objects.get(key="may").funded_usdt == micro(40_000)


@pytest.mark.parametrize(
    ("role", "inside", "may"), [("operator", True, True), ("operator", False, False), ("qc_reviewer", True, False)]
)
def test_who_drafts_campaigns_parts_a_budget_and_brings_no_new_money(member_of, goodwill, role, inside, may):
    member = member_of(role)

    def make():
        return open_budget(
            "part", title="", kind="campaign", amount_usdt=1, parent="goodwill" if inside else None, acting=member, now=NOON
        )

    if may:
        assert make().funded_usdt == 1
    else:
        _refused("not_allowed", make)
