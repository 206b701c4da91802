"""Eight at once: one case has one decision, one cluster one case, one user one flag and one appeal."""

import threading

from springtide.kernel.errors import Refused
from springtide.operations.members.actions import create_member
from springtide.operations.risk.actions import NewCase, NewFlag, decide, open_cases, raise_flags
from springtide.operations.risk.models import Case, Decision, Flag
from tests.operations.conftest import NOON, PASSWORD
from tests.operations.jobs.test_two_at_once import at_once, shared_database  # noqa: F401

FEW = NewCase("cluster 4", ("ann", "bob", "cid"), ("linked_few",))


def _tried(act, ready):
    ready.wait()
    try:
        return act()
    except Refused as refused:
        return refused.code


def _of_risk():
    return create_member(
        username="risk", display_name="Risk", role="collaborator", department="risk", password=PASSWORD, now=NOON
    )


def test_of_eight_who_decide_a_case_one_does(shared_database):  # noqa: F811
    member, ready = _of_risk(), threading.Barrier(8)
    open_cases([FEW], origin="campaign 1", now=NOON)
    case = Case.objects.get().pk
    told = at_once(lambda n: _tried(lambda: decide(case, "clear", note="one family", acting=member, now=NOON), ready), 8)
    assert sorted(map(str, told)) == ["None", *["move_not_open"] * 7]
    assert Decision.objects.filter(is_over=False).count() == 3


def test_of_eight_runs_that_meet_a_cluster_one_opens_a_case(shared_database):  # noqa: F811
    ready = threading.Barrier(8)
    at_once(lambda n: _tried(lambda: open_cases([FEW], origin=f"campaign {n}", now=NOON), ready), 8)
    assert Case.objects.get().parties.count() == 3


def test_of_eight_who_flag_a_user_one_does(shared_database):  # noqa: F811
    member, ready = _of_risk(), threading.Barrier(8)
    flag = NewFlag("ann", "risk_hold", "screening")
    told = at_once(lambda n: _tried(lambda: raise_flags([flag], acting=member, now=NOON), ready), 8)
    assert Flag.objects.filter(lifted_at=None).count() == 1
    assert told.count(1) == 1
    assert {each for each in told if each != 1} <= {0, "moved_already"}
