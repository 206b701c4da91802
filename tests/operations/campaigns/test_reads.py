"""What screens ask: the funnel adds up to the audience, and every user can be told why."""

from collections import Counter

import pytest

from springtide.kernel.errors import UnknownName
from springtide.operations.campaigns import reads
from springtide.operations.campaigns.models import Decision, Run
from springtide.operations.campaigns.runs import carry_run
from springtide.operations.delivery.models import Message
from tests.operations.campaigns.test_run import ALL_TREATED, REWARDED
from tests.operations.conftest import NOON


def test_the_funnel_counts_everybody_of_the_audience_once(home, launched, drafter):
    launched(**REWARDED | {"budget_usdt": 20})
    carry_run(home, "win_back", "launch 1", now=lambda: NOON)
    [run] = reads.runs("win_back", drafter)
    assert sum(row.users for row in run.funnel) == run.audience == 8
    told = Counter({(row.check_no, row.reason, row.verdict): row.users for row in run.funnel})
    assert told[14, "no_budget", "refused"] == 1
    assert told[16, "", "sent"] == 2
    assert reads.funnel("win_back") == run.funnel
    assert run.funnel[0].check == "an active user, no test"


def test_before_it_is_sent_who_is_due_waits(home, launched, monkeypatch):
    launched(**ALL_TREATED)
    monkeypatch.setattr("springtide.operations.campaigns.runs.send_due", lambda *_, **__: None)
    carry_run(home, "win_back", "launch 1", now=lambda: NOON)
    assert {row.verdict: row.users for row in reads.funnel("win_back") if row.check_no == 16} == {"waiting": 4}


@pytest.mark.parametrize(
    ("user", "verdict", "reason", "message"),
    [("ann", "sent", "", "queued"), ("dan", "refused", "not_active", ""), ("carol", "refused", "risk_deny", "")],
)
def test_a_user_can_be_told_why(home, launched, drafter, member_of, user, verdict, reason, message):
    launched(**ALL_TREATED)
    carry_run(home, "win_back", "launch 1", now=lambda: NOON)
    [told] = reads.why(user, drafter)
    assert (told.campaign, told.verdict, told.reason, told.message, told.risk_reasons) == (
        "win_back",
        verdict,
        reason,
        message,
        "",
    )
    if reason == "risk_deny":
        cleared = member_of("analyst", granted_rights=["see_risk"])
        assert reads.why(user, cleared)[0].risk_reasons == "no_consent"
    assert reads.why(user, member_of("collaborator", department="marketing")) == ()


def test_why_of_nobody_is_refused(home, launched, drafter):
    with pytest.raises(UnknownName):
        reads.why("nobody", drafter)
    with pytest.raises(UnknownName):
        reads.why("ann", drafter, key="nothing")


def test_a_stopped_run_of_one_user_is_told_once(home, launched, drafter):
    launched(**ALL_TREATED)
    carry_run(home, "win_back", "launch 1", now=lambda: NOON)
    assert len(reads.why("ann", drafter, key="win_back")) == 1
    assert (Decision.objects.count(), Message.objects.count(), Run.objects.count()) == (4, 4, 1)
