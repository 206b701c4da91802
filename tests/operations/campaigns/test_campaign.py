"""A campaign from draft to closed: it works, who may, four eyes, what is refused, done twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from springtide.analytics.decisions import shipped_policy
from springtide.kernel.errors import Refused, SpringtideError, UnknownName
from springtide.operations.campaigns import reads, states
from springtide.operations.campaigns.actions import (
    approve_campaign,
    cancel_campaign,
    close_campaign,
    edit_campaign,
    finish_campaign,
    kill_campaign,
    launch_campaign,
    pause_campaign,
    reopen_campaign,
    resume_campaign,
    return_campaign,
    revise_campaign,
    submit_campaign,
)
from springtide.operations.campaigns.models import Campaign, Version
from springtide.operations.members.models import AuditRow
from springtide.operations.members.reads import audit_chain
from tests.operations.campaigns.conftest import asked, body
from tests.operations.conftest import NOON

REWARDED = {
    "offers": {"ten": {"type": "fee_voucher", "amount_usdt": 60}},
    "steps": [{"key": "hello", "do": "message", "channel": "email", "template": "come_back", "offer": "ten"}],
    "budget_usdt": 600,
}


def refusal(function, *given, **said):
    with pytest.raises(SpringtideError) as refused:
        function(*given, **said)
    return refused.value.code


def done():
    return list(AuditRow.objects.filter(subject="campaign win_back").order_by("number").values_list("action", "was", "becomes"))


def test_a_campaign_from_draft_to_closed_leaves_a_row_for_every_move(launched, drafter):
    campaign = launched()
    pause_campaign(campaign, acting=drafter, now=NOON)
    resume_campaign(campaign, acting=drafter, now=NOON)
    finish_campaign(campaign, acting=drafter, now=NOON)
    close_campaign(campaign, acting=drafter, now=NOON)
    assert done() == [
        ("draft_campaign", "", "draft"),
        ("submit_campaign", "draft", "in_review"),
        ("approve_campaign", "in_review", "approved"),
        ("launch_campaign", "approved", "running"),
        ("pause_campaign", "running", "paused"),
        ("resume_campaign", "paused", "running"),
        ("finish_campaign", "running", "measuring"),
        ("close_campaign", "measuring", "closed"),
    ]
    assert audit_chain().is_whole


def test_a_launch_keeps_what_was_approved_as_a_version(launched, drafter):
    campaign = launched()
    [version] = Version.objects.all()
    assert (version.number, version.content_hash, version.body) == (1, campaign.content_hash, campaign.body)
    assert version.policy["control_ratio"] == 0.05


def test_its_drafter_cannot_approve_it_and_neither_can_who_gains_by_it(drafted, drafter, member_of):
    gains, other = member_of("approver"), member_of("qc_reviewer")
    campaign = drafted(beneficiaries=["approver"])
    assert refusal(submit_campaign, campaign, seen=campaign.content_hash, acting=drafter, now=NOON) == "no_approver"
    assert not gains.may("approve_campaigns", "own")
    assert not other.may_some("approve_campaigns")


def test_an_edit_in_review_makes_it_a_draft_and_voids_what_was_asked(drafted, drafter, approver):
    campaign = drafted()
    seen = campaign.content_hash
    [approval] = submit_campaign(campaign, seen=seen, acting=drafter, now=NOON)
    edit_campaign(campaign, title="Win back now", body=body(), seen=seen, acting=drafter, now=NOON)
    assert campaign.state == "draft"
    assert refusal(approve_campaign, approval, seen=seen, acting=approver, now=NOON) == "move_not_open"


def test_what_is_approved_is_not_edited_but_reopened(approved, drafter, approver):
    campaign = approved()
    seen = campaign.content_hash
    assert refusal(edit_campaign, campaign, title="x", body=body(), seen=seen, acting=drafter, now=NOON) == "move_not_open"
    reopen_campaign(campaign, seen=seen, acting=drafter, now=NOON)
    assert refusal(launch_campaign, campaign, seen=seen, acting=drafter, now=NOON) == "move_not_open"
    edit_campaign(campaign, title="Win back now", body=body(), seen=seen, acting=drafter, now=NOON)
    assert refusal(launch_campaign, campaign, seen=seen, acting=drafter, now=NOON) == "move_not_open"


def test_content_changed_behind_the_back_of_its_approval_is_not_launched(approved, drafter):
    campaign = approved()
    Campaign.objects.filter(pk=campaign.pk).update(content_hash="another")
    assert refusal(launch_campaign, campaign, seen=campaign.content_hash, acting=drafter, now=NOON) == "moved_already"
    campaign.refresh_from_db()
    assert refusal(launch_campaign, campaign, seen="another", acting=drafter, now=NOON) == "not_approved"
    assert Campaign.objects.get().state == "approved"


def test_an_approval_that_ran_out_launches_nothing(approved, drafter):
    campaign = approved()
    late = NOON + timedelta(days=31)
    assert refusal(launch_campaign, campaign, seen=campaign.content_hash, acting=drafter, now=late) == "not_approved"


def test_a_large_budget_needs_two_and_a_large_reward_risk_control(drafted, drafter, approver, member_of):
    second = member_of("collaborator", department="risk")
    campaign = drafted(**REWARDED)
    submit_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=NOON)
    waits = asked(campaign)
    assert set(waits) == {"approve_campaigns", "decide_risk"}
    assert not approve_campaign(waits["approve_campaigns"], seen=campaign.content_hash, acting=approver, now=NOON)
    assert Campaign.objects.get().state == "in_review"
    assert refusal(approve_campaign, waits["decide_risk"], seen=campaign.content_hash, acting=approver, now=NOON)
    assert approve_campaign(waits["decide_risk"], seen=campaign.content_hash, acting=second, now=NOON)
    assert Campaign.objects.get().state == "approved"


@pytest.mark.parametrize(
    ("budget", "users", "quorum"), [("10000", 50_000, 1), ("10000.01", 10, 2), ("0", 50_001, 2), ("0", None, 1)]
)
def test_the_second_approver_stands_above_the_limits(budget, users, quorum):
    limits = shipped_policy().limits
    first, *_ = states.approvals_needed(limits, budget_usdt=Decimal(budget), users=users, largest_reward_usdt=Decimal())
    assert first.quorum == quorum


def test_a_campaign_returned_is_a_draft_with_the_word_why(drafted, drafter, approver):
    campaign = drafted()
    [approval] = submit_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=NOON)
    return_campaign(approval, seen=campaign.content_hash, acting=approver, now=NOON, note="Which voucher?")
    found = reads.campaign("win_back", drafter)
    assert (found.state, found.note, found.approvals[0].state) == ("draft", "Which voucher?", "returned")
    submit_campaign(reads.handle("win_back"), seen=found.content_hash, acting=drafter, now=NOON)
    assert reads.campaign("win_back").state == "in_review"


def test_a_kill_asks_for_the_password_anew_and_for_a_reason(launched, drafter):
    campaign = launched()
    said = {"acting": drafter, "now": NOON}
    assert refusal(kill_campaign, campaign, reason="wrong voucher", confirmed_at=None, **said) == "confirm_again"
    long_ago = NOON - timedelta(minutes=6)
    assert refusal(kill_campaign, campaign, reason="wrong voucher", confirmed_at=long_ago, **said) == "confirm_again"
    assert refusal(kill_campaign, campaign, reason=" ", confirmed_at=NOON, **said) == "no_reason"
    kill_campaign(campaign, reason="wrong voucher", confirmed_at=NOON, **said)
    assert (campaign.state, campaign.note) == ("measuring", "wrong voucher")
    assert refusal(kill_campaign, campaign, reason="again", confirmed_at=NOON, **said) == "move_not_open"


def test_the_next_version_is_drafted_from_a_paused_one_and_keeps_its_arms(launched, drafter, approver):
    campaign = launched()
    assert refusal(revise_campaign, campaign, acting=drafter, now=NOON) == "move_not_open"
    pause_campaign(campaign, acting=drafter, now=NOON)
    revise_campaign(campaign, acting=drafter, now=NOON)
    seen = campaign.content_hash
    other = body(arms=[{"key": "voucher"}])
    assert refusal(edit_campaign, campaign, title="x", body=other, seen=seen, acting=drafter, now=NOON) == "arms_stay"
    edit_campaign(campaign, title="Win back", body=body(objective="Sooner"), seen=seen, acting=drafter, now=NOON)
    [approval] = submit_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=NOON)
    assert reads.difference(campaign.pk) == (("objective", "Bring back traders who went quiet", "Sooner"),)
    approve_campaign(approval, seen=campaign.content_hash, acting=approver, now=NOON)
    campaign.refresh_from_db()
    launch_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=NOON)
    assert [each.body["objective"] for each in Version.objects.order_by("number")] == [
        "Bring back traders who went quiet", "Sooner",
    ]  # fmt: skip
    assert refusal(cancel_campaign, campaign, reason="x", acting=drafter, now=NOON) == "began_already"


def test_what_never_began_is_cancelled_with_a_reason(drafted, drafter):
    campaign = drafted()
    assert refusal(cancel_campaign, campaign, reason="", acting=drafter, now=NOON) == "no_reason"
    cancel_campaign(campaign, reason="Another one does it", acting=drafter, now=NOON)
    assert reads.campaign("win_back").moves == ()


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("operator", None),
        ("analyst", None),
        ("qc_reviewer", "not_allowed"),
        ("approver", "not_allowed"),
        ("admin", "not_allowed"),
    ],
)
def test_who_may_draft(drafted, member_of, role, code):
    acting = member_of(role)
    if code:
        assert refusal(drafted, acting=acting) == code
    else:
        assert drafted(acting=acting).state == "draft"


@pytest.mark.parametrize("role", ["operator", "analyst", "qc_reviewer", "admin"])
def test_who_may_not_stop_somebody_elses(launched, member_of, role):
    campaign, acting = launched(), member_of(role)
    assert refusal(pause_campaign, campaign, acting=acting, now=NOON) == "not_allowed"
    assert refusal(kill_campaign, campaign, reason="x", confirmed_at=NOON, acting=acting, now=NOON) == "not_allowed"


def test_risk_control_may_pause_anybodys(launched, member_of):
    campaign = launched()
    pause_campaign(campaign, acting=member_of("collaborator", department="risk"), now=NOON)
    assert campaign.state == "paused"


def test_who_may_not_see_campaigns_is_told_that_there_is_none(drafted, member_of):
    drafted()
    marketing = member_of("collaborator", department="marketing")
    with pytest.raises(UnknownName) as unknown:
        reads.campaign("win_back", marketing)
    assert unknown.value.hint == ""
    assert reads.campaigns(marketing) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"audience": {"rule": "days_since_trad > 7"}}, "unknown_column"),
        ({"audience": {"rule": "segment('nobody')"}}, "unknown_segment"),
        ({"audience": {"moved": {"stratification": "lifecycle", "into": "asleep"}}}, "unknown_name"),
        ({"audience": {"moved": {"into": "nobody"}}}, "unknown_segment"),
        ({"measure": {"primary": "net_revenu"}}, "unknown_metric"),
        ({"entry": {"kind": "schedule", "cron": "every day"}}, "bad_cron"),
        ({"holdout_ratio": 0.05}, "too_little_holdout"),
        ({"message_class": "service", "holdout_ratio": 0, "no_holdout_because": "service"}, "not_allowed"),
        ({"beneficiaries": ["nobody"]}, "unknown_member"),
        ({"goal": {"rule": "tenure_days"}}, "wrong_unit"),
    ],
)
def test_what_it_names_must_be_there(drafted, changes, code):
    assert refusal(drafted, **changes) == code


def test_a_key_is_taken_once(drafted):
    drafted()
    assert refusal(drafted) == "key_taken"
    assert refusal(drafted, key="Win Back") == "bad_key"


def test_of_two_who_move_it_at_once_one_does(approved, drafter):
    first, second = approved(), reads.handle("win_back")
    launch_campaign(first, seen=first.content_hash, acting=drafter, now=NOON)
    with pytest.raises(Refused, match="meanwhile"):
        launch_campaign(second, seen=second.content_hash, acting=drafter, now=NOON)
    assert Version.objects.count() == 1
