"""Live flags: who may put them up, whom they bar from what, and how they come down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from springtide.analytics.foresight.benefit import Benefit
from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members.models import AuditRow
from springtide.operations.risk import states
from springtide.operations.risk.actions import NewFlag, lift_flag, raise_flags
from springtide.operations.risk.gates import Verdict, flagged
from springtide.operations.risk.models import Flag
from tests.operations.conftest import NOON

MESSAGE = Benefit()
VOUCHER = Benefit("fee_voucher")
TRIAL = Benefit("trial_fund", "perpetual")
HOUR = timedelta(hours=1)


def bars(benefit, now=NOON):
    return flagged(["ann", "bob", "cid"], benefit=benefit, now=now)


def test_a_flag_bars_at_once_and_a_vulnerable_user_from_contracts_only(risk_collaborator):
    flags = [NewFlag("ann", "self_exclusion", "exchange"), NewFlag("bob", "vulnerable", "exchange")]
    assert raise_flags(flags, acting=risk_collaborator, now=NOON) == 2
    assert bars(MESSAGE) == bars(VOUCHER) == {"ann": Verdict("deny", ("restricted",))}
    assert bars(TRIAL) == {"ann": Verdict("deny", ("restricted",)), "bob": Verdict("deny", ("vulnerable",))}


def test_a_flag_holds_from_its_begin_up_to_its_end(risk_collaborator):
    raise_flags(
        [NewFlag("ann", "cooling_off", "exchange", begins_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)],
        acting=risk_collaborator,
        now=NOON,
    )
    assert not bars(MESSAGE)
    assert bars(MESSAGE, NOON + HOUR).keys() == {"ann"}
    assert not bars(MESSAGE, NOON + 2 * HOUR)


def test_the_same_flag_twice_is_one_and_another_end_replaces_it(risk_collaborator):
    flag = NewFlag("ann", "risk_hold", "exchange")
    assert raise_flags([flag, flag], acting=risk_collaborator, now=NOON) == 1
    assert raise_flags([flag], acting=risk_collaborator, now=NOON) == 0
    assert raise_flags([NewFlag("ann", "risk_hold", "exchange", ends_at=NOON + HOUR)], acting=risk_collaborator, now=NOON) == 1
    assert Flag.objects.filter(lifted_at=None).count() == 1
    assert not bars(MESSAGE, NOON + HOUR)


def test_many_flags_leave_one_row_of_audit(risk_collaborator):
    raise_flags([NewFlag(f"u{number}", "no_promo", "exchange") for number in range(1200)], acting=risk_collaborator, now=NOON)
    row = AuditRow.objects.get(action="raise_flags")
    assert (row.details["flags"], row.details["new"]) == (1200, 1200)


def test_a_lifted_flag_bars_nobody_and_is_not_lifted_twice(risk_collaborator):
    raise_flags([NewFlag("ann", "risk_hold")], acting=risk_collaborator, now=NOON)
    number = Flag.objects.get().pk
    lift_flag(number, note="checked by phone", acting=risk_collaborator, now=NOON)
    assert not bars(VOUCHER)
    with pytest.raises(Refused) as refused:
        lift_flag(number, note="again", acting=risk_collaborator, now=NOON)
    assert refused.value.code == "moved_already"


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        (NewFlag("ann", "self_exclusoin"), "unknown_flag"),
        (NewFlag("", "sanctions"), "bad_flag"),
        (NewFlag("a" * 201, "sanctions"), "bad_flag"),
        (NewFlag("ann", "sanctions", ""), "bad_flag"),
        (NewFlag("ann", "sanctions", ends_at=NOON), "bad_flag"),
    ],
)
def test_a_flag_that_cannot_be_is_refused_and_none_of_its_batch_goes_up(risk_collaborator, flag, code):
    with pytest.raises(Refused if code == "bad_flag" else UnknownName) as refused:
        raise_flags([NewFlag("bob", "risk_hold"), flag], acting=risk_collaborator, now=NOON)
    assert refused.value.code == code
    assert not Flag.objects.exists()


def test_too_many_flags_at_once_are_refused(risk_collaborator):
    with pytest.raises(Refused) as refused:
        raise_flags([NewFlag("ann", "risk_hold")] * (states.MOST_FLAGS + 1), acting=risk_collaborator, now=NOON)
    assert refused.value.code == "too_many_flags"


@pytest.mark.parametrize("role", ["manager", "operator", "analyst", "qc_reviewer", "approver", "admin"])
def test_nobody_but_risk_control_puts_a_flag_up(member_of, role):
    with pytest.raises(Refused) as refused:
        raise_flags([NewFlag("ann", "risk_hold")], acting=member_of(role), now=NOON)
    assert refused.value.code == "not_allowed"
