"""The queue: what gates ask people to look at, what users appeal against, and what a decision does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from springtide.analytics.foresight.benefit import Benefit
from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.risk.actions import NewCase, NewFlag, appeal, decide, open_cases, raise_flags, withdraw_appeal
from springtide.operations.risk.gates import Verdict, flagged, standing_decisions
from springtide.operations.risk.models import Case, Decision
from tests.operations.conftest import NOON

CLUSTER = NewCase("cluster 4", ("ann", "bob", "cid"), ("linked_few",), evidence={"cluster_size": 3})
DAY = timedelta(days=1)


@pytest.fixture
def case(db):
    open_cases([CLUSTER], origin="campaign 1", now=NOON)
    return Case.objects.get().pk


def stands(now=NOON):
    return sorted(standing_decisions(now).values_list("user_id", "code"))


def barred(now=NOON):
    return flagged(["ann", "bob", "cid"], benefit=Benefit("fee_voucher"), now=now)


def test_a_cluster_waits_once_however_many_runs_meet_it(db):
    assert open_cases([CLUSTER, NewCase("user dan", ("dan",), ("one_partner",))], origin="campaign 1", now=NOON) == 2
    assert open_cases([CLUSTER], origin="campaign 2", now=NOON) == 0
    assert Case.objects.get(subject="cluster 4").parties.count() == 3


def test_a_cleared_cluster_is_cleared_for_each_of_its_users_and_for_a_while(case, risk_collaborator):
    decide(case, "clear", note="one family", acting=risk_collaborator, now=NOON)
    assert stands() == [("ann", "linked_few"), ("bob", "linked_few"), ("cid", "linked_few")]
    assert stands(NOON + 90 * DAY) == []


def test_a_denied_cluster_is_denied_everything(case, risk_collaborator):
    decide(case, "deny", note="a farm", acting=risk_collaborator, now=NOON, stands_for=30 * DAY)
    assert barred() == {user: Verdict("deny", ("decided",)) for user in ("ann", "bob", "cid")}
    assert not barred(NOON + 30 * DAY)


def test_a_new_decision_takes_the_place_of_the_old_one(case, risk_collaborator):
    decide(case, "clear", note="one family", acting=risk_collaborator, now=NOON)
    open_cases([CLUSTER], origin="campaign 2", now=NOON)
    decide(Case.objects.get(state="open").pk, "clear", note="still one family", acting=risk_collaborator, now=NOON + DAY)
    assert Decision.objects.filter(is_over=False).count() == 3
    assert stands(NOON + 90 * DAY) == [("ann", "linked_few"), ("bob", "linked_few"), ("cid", "linked_few")]


def test_an_appeal_that_is_heard_ends_a_denial(case, risk_collaborator, second_of_risk, manager):
    decide(case, "deny", note="a farm", acting=risk_collaborator, now=NOON)
    number = appeal("ann", text="We are sisters.", acting=manager, now=NOON + DAY)
    decide(number, "clear", note="documents seen", acting=second_of_risk, now=NOON + DAY)
    assert barred(NOON + DAY).keys() == {"bob", "cid"}


def test_an_appeal_is_not_heard_by_who_spoke_the_denial(case, risk_collaborator, manager):
    decide(case, "deny", note="a farm", acting=risk_collaborator, now=NOON)
    number = appeal("ann", text="We are sisters.", acting=manager, now=NOON)
    assert code_of(lambda: decide(number, "clear", note="well", acting=risk_collaborator, now=NOON)) == "four_eyes"


def test_an_appeal_against_a_flag_is_not_heard_by_who_raised_it(risk_collaborator, manager):
    raise_flags([NewFlag("ann", "risk_hold")], acting=risk_collaborator, now=NOON)
    number = appeal("ann", text="It was my card.", acting=manager, now=NOON)
    assert code_of(lambda: decide(number, "deny", note="no", acting=risk_collaborator, now=NOON)) == "four_eyes"


def test_what_the_law_asks_nobody_clears(db, risk_collaborator):
    open_cases([NewCase("user ann", ("ann",), ("jurisdiction_restricted",))], origin="campaign 1", now=NOON)
    refused = code_of(lambda: decide(Case.objects.get().pk, "clear", note="fine", acting=risk_collaborator, now=NOON))
    assert refused == "nothing_to_clear"
    assert Case.objects.get().state == "open"


def test_a_case_is_decided_once(case, risk_collaborator, second_of_risk):
    decide(case, "clear", note="one family", acting=risk_collaborator, now=NOON)
    assert code_of(lambda: decide(case, "deny", note="a farm", acting=second_of_risk, now=NOON)) == "move_not_open"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"says": "clera"}, "unknown_answer"),
        ({"note": "  "}, "no_reason"),
        ({"stands_for": timedelta(hours=1)}, "bad_duration"),
        ({"stands_for": timedelta(days=4000)}, "bad_duration"),
        ({"number": 999}, "unknown_case"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(case, risk_collaborator, asked, code):
    given = {"number": case, "says": "clear", "note": "fine", **asked}
    number, says = given.pop("number"), given.pop("says")
    assert code_of(lambda: decide(number, says, acting=risk_collaborator, now=NOON, **given)) == code


@pytest.mark.parametrize("role", ["manager", "operator", "analyst", "qc_reviewer", "approver", "admin"])
def test_nobody_but_risk_control_decides(case, member_of, role):
    assert code_of(lambda: decide(case, "clear", note="fine", acting=member_of(role), now=NOON)) == "not_allowed"


def test_an_appeal_is_filed_once_by_who_sees_flags_and_may_be_taken_back(manager, member_of):
    number = appeal("ann", text="Please look again.", acting=manager, now=NOON)
    assert code_of(lambda: appeal("ann", text="Again.", acting=manager, now=NOON)) == "open_already"
    assert code_of(lambda: appeal("bob", text="Please.", acting=member_of("admin"), now=NOON)) == "not_allowed"
    withdraw_appeal(number, acting=manager, now=NOON)
    assert code_of(lambda: withdraw_appeal(number, acting=manager, now=NOON)) == "move_not_open"
    assert appeal("ann", text="Once more.", acting=manager, now=NOON) != number


def test_who_did_not_file_an_appeal_cannot_take_it_back(manager, member_of):
    number = appeal("ann", text="Please look again.", acting=manager, now=NOON)
    assert code_of(lambda: withdraw_appeal(number, acting=member_of("operator"), now=NOON)) == "unknown_case"


def code_of(action):
    with pytest.raises((Refused, UnknownName)) as refused:
        action()
    return refused.value.code
