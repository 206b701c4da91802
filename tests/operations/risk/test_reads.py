"""Who sees what of risk control: reasons for those with the right, the flag alone for others, nothing for the rest."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.risk import reads
from springtide.operations.risk.actions import NewCase, NewFlag, appeal, decide, open_cases, raise_flags
from springtide.operations.risk.models import Case
from tests.operations.conftest import NOON

FEW = NewCase(
    "cluster 4",
    ("ann", "bob", "cid"),
    ("linked_few",),
    evidence={"users": {"ann": {"cluster_size": 3, "hedge_30d_usdt": 5_000_000}}},
)
MANY = NewCase("cluster 9", tuple(f"u{n}" for n in range(8)), ("linked_many",), is_hold=True)
DAY = timedelta(days=1)


@pytest.fixture
def waiting(db, manager):
    """A review of three days ago, a hold of today, an appeal of yesterday."""
    open_cases([FEW], origin="campaign 1", now=NOON - 3 * DAY)
    open_cases([MANY], origin="campaign 1", now=NOON)
    return appeal("eve", text="Please look again.", acting=manager, now=NOON - DAY)


def test_holds_come_first_and_then_the_oldest(waiting, risk_collaborator):
    found = reads.queue(risk_collaborator)
    assert [case.subject for case in found.cases] == ["cluster 9", "cluster 4", "user eve"]
    assert (found.total, found.waiting, found.oldest_at) == (3, {"review": 2, "appeal": 1}, NOON - 3 * DAY)
    assert [case.subject for case in reads.queue(risk_collaborator, kind="appeal").cases] == ["user eve"]
    assert [case.subject for case in reads.queue(risk_collaborator, user_id="u3").cases] == ["cluster 9"]
    assert [case.subject for case in reads.queue(risk_collaborator, count=1, offset=1).cases] == ["cluster 4"]


def test_money_in_evidence_is_told_in_usdt_to_who_may_see_money(waiting, risk_collaborator):
    [_, few, _] = reads.queue(risk_collaborator).cases
    assert (few.evidence, few.left_out) == ({"ann": {"cluster_size": 3}}, ("hedge_30d_usdt",))
    risk_collaborator.granted_rights = ["see_money"]
    [_, few, _] = reads.queue(risk_collaborator).cases
    assert (few.evidence, few.left_out) == ({"ann": {"cluster_size": 3, "hedge_30d_usdt": Decimal("5.000000")}}, ())


def test_what_was_decided_is_kept_with_its_reason(waiting, risk_collaborator):
    decide(Case.objects.get(subject="cluster 4").pk, "clear", note="one family", acting=risk_collaborator, now=NOON)
    [seen] = reads.queue(risk_collaborator, state="decided").cases
    assert (seen.says, seen.note, seen.decided_by) == ("clear", "one family", "risk_one")


@pytest.mark.parametrize("role", ["manager", "operator", "analyst", "qc_reviewer", "approver", "admin"])
def test_the_queue_is_closed_to_others(waiting, member_of, manager, role):
    member = manager if role == "manager" else member_of(role)
    for read in (lambda: reads.queue(member), lambda: reads.flags(member, now=NOON)):
        with pytest.raises(Refused) as refused:
            read()
        assert refused.value.code == "not_allowed"


def test_who_was_cleared_by_name_sees_reasons(waiting, member_of):
    assert reads.queue(member_of("analyst", granted_rights=["see_risk"])).total == 3


def test_that_a_case_exists_is_told_only_to_who_may_see_it(waiting, manager, member_of, risk_collaborator):
    assert reads.case(waiting, risk_collaborator).text == "Please look again."
    assert reads.case(waiting, manager).text == "Please look again."
    for number, member in ((waiting, member_of("operator")), (waiting - 1, manager), (10**6, risk_collaborator)):
        with pytest.raises(UnknownName) as refused:
            reads.case(number, member)
        assert refused.value.code == "unknown_case"


def test_who_filed_an_appeal_sees_that_it_was_decided_and_not_why(waiting, manager, risk_collaborator):
    decide(waiting, "deny", note="a farm, see the report", acting=risk_collaborator, now=NOON)
    seen = reads.case(waiting, manager)
    assert (seen.state, seen.says, seen.note, seen.decided_by, seen.codes) == ("decided", "deny", "", "", ())


def test_others_see_that_a_user_is_flagged_and_not_why(waiting, manager, member_of, risk_collaborator):
    raise_flags(
        [NewFlag("ann", "risk_hold"), NewFlag("bob", "sanctions", ends_at=NOON)], acting=risk_collaborator, now=NOON - DAY
    )
    assert reads.flag_of("ann", risk_collaborator, now=NOON) == reads.Flagged(True, ("risk_hold",), ())
    assert reads.flag_of("ann", manager, now=NOON) == reads.Flagged(True, None, None)
    assert reads.flag_of("bob", manager, now=NOON) == reads.Flagged(False, None, None)
    with pytest.raises(Refused):
        reads.flag_of("ann", member_of("admin"), now=NOON)


def test_a_person_denied_by_a_person_is_flagged(waiting, manager, risk_collaborator):
    decide(Case.objects.get(subject="cluster 4").pk, "deny", note="a farm", acting=risk_collaborator, now=NOON)
    assert reads.flag_of("bob", manager, now=NOON).is_flagged
    assert reads.flag_of("bob", risk_collaborator, now=NOON).decided == (("decided", NOON + 90 * DAY),)
