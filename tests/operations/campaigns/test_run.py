"""A run from its launch to its last message: everybody is decided once, and nobody is lost, paid or written to twice."""

from collections import Counter
from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.campaigns.actions import finish_campaign, kill_campaign, pause_campaign, resume_campaign
from springtide.operations.campaigns.candidates import attach_decisions
from springtide.operations.campaigns.models import Decision, Run
from springtide.operations.campaigns.runs import carry_run, dry_run
from springtide.operations.delivery.models import Message, Withdrawal
from springtide.operations.jobs.models import Job
from springtide.operations.members.models import AuditRow
from springtide.operations.members.reads import audit_chain
from springtide.operations.rewards.caps import NewReward
from springtide.operations.rewards.models import Budget, Reward
from springtide.operations.rewards.reads import ledger_state
from tests.operations.conftest import NOON

ALL_TREATED = {"holdout_ratio": 0, "no_holdout_because": "a competition", "arms": [{"key": "voucher"}]}
HELLO = {"key": "hello", "do": "message", "channel": "email", "template": "come_back"}
TEN = {"ten": {"type": "fee_voucher", "amount_usdt": 10}}
REWARDED = {**ALL_TREATED, "offers": TEN, "steps": [{**HELLO, "offer": "ten"}], "budget_usdt": 100}


def carry(home, key="win_back", slot="launch 1", now=NOON):
    return carry_run(home, key, slot, now=lambda: now)


def decided(home, key="win_back"):
    """User → (arm, verdict, check, reason), as the lake has it."""
    run = Run.objects.get(campaign__key=key)
    with home.engine() as engine:
        attach_decisions(engine, home.lake.snapshot(), [run.pk], name="d")
        told = engine.rows("select user_id, verdict, check_no, reason from d order by user_no")
    return {user: (verdict, check_no, reason) for user, verdict, check_no, reason in told.values}


def test_a_launch_decides_everybody_and_writes_to_who_is_due(home, launched):
    launched(**ALL_TREATED)
    assert carry(home) == {"state": "done", "audience": 8, "due": 4}
    told = decided(home)
    assert told["dan"] == ("refused", 3, "not_active")
    assert told["eve"] == ("refused", 3, "not_counted")
    assert {user for user, (verdict, *_) in told.items() if verdict == "due"} == set(
        Message.objects.values_list("user_id", flat=True)
    )
    message = Message.objects.get(user_id="bob")
    assert (message.language, message.template, message.campaign, message.step) == ("zh", "come_back", "win_back", "hello")
    assert message.key == Decision.objects.get(user_id="bob").key
    assert audit_chain().is_whole


def test_the_holdout_and_the_control_are_rows_and_get_nothing(home, launched):
    launched(holdout_ratio=0.9, no_holdout_because="")
    carry(home)
    told = decided(home)
    assert {user for user, (verdict, *_) in told.items() if verdict in ("due", "holdout", "control")} == {
        "ann",
        "bob",
        "fay",
        "hal",
    }
    assert Message.objects.count() == sum(verdict == "due" for verdict, *_ in told.values())


def test_a_run_that_is_carried_twice_is_one(home, launched):
    launched(**REWARDED)
    carry(home)
    assert carry(home)["state"] == "done"
    assert Run.objects.count() == 1
    assert (Message.objects.count(), Decision.objects.count(), Reward.objects.count()) == (3, 3, 3)


def test_a_budget_that_ends_refuses_who_comes_after_with_the_reason(home, launched):
    launched(**REWARDED | {"budget_usdt": 20})
    carry(home)
    told = list(Decision.objects.order_by("user_no").values_list("user_id", "verdict", "check_no", "reason"))
    assert told == [("ann", "sent", 16, ""), ("bob", "sent", 16, ""), ("fay", "refused", 14, "no_budget")]
    assert Message.objects.count() == 2
    budget = Budget.objects.get(key="win_back")
    assert (budget.available_usdt, budget.reserved_usdt) == (0, 20_000_000)
    assert ledger_state().is_whole
    assert Run.objects.get().late == [[14, "no_budget", "voucher", "refused", 1], [16, "", "voucher", "sent", 2]]


def test_a_kill_between_two_batches_loses_nobody_and_doubles_nothing(home, launched, monkeypatch):
    monkeypatch.setattr("springtide.operations.campaigns.states.BATCH", 1)
    launched(**REWARDED)

    class Killed(BaseException):
        pass

    def die(said):
        if said.get("what") == "sending":
            raise Killed

    for _ in range(10):
        try:
            carry_run(home, "win_back", "launch 1", now=lambda: NOON, report=die)
        except Killed:
            continue
        break
    assert Run.objects.get().state == "done"
    assert sorted(Message.objects.values_list("user_id", flat=True)) == ["ann", "bob", "fay"]
    assert Reward.objects.count() == 3
    assert AuditRow.objects.filter(action="send_batch").count() == 3


@pytest.mark.parametrize(
    "dies_in", ["springtide.operations.campaigns.runs._move", "springtide.operations.campaigns.sending.put"]
)
def test_a_kill_inside_a_step_leaves_it_to_be_done_again(home, launched, monkeypatch, dies_in):
    launched(**REWARDED)
    with monkeypatch.context() as patched:
        patched.setattr(dies_in, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            carry(home)
    assert not Message.objects.exists()
    assert not Reward.objects.exists()
    carry(home)
    assert (Message.objects.count(), Reward.objects.count(), len(decided(home))) == (3, 3, 8)


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(home, launched, drafter, monkeypatch):
    campaign = launched(**ALL_TREATED)
    monkeypatch.setattr("springtide.operations.campaigns.states.BATCH", 1)

    def pause(said):
        if said.get("done") == 0:
            pause_campaign(campaign, acting=drafter, now=NOON)

    carry_run(home, "win_back", "launch 1", now=lambda: NOON, report=pause)
    assert Message.objects.count() == 1
    Job.objects.all().delete()
    resume_campaign(campaign, acting=drafter, now=NOON)
    assert Job.objects.get().key == "win_back launch 1"
    assert carry(home)["state"] == "done"
    assert Message.objects.count() == 4


def test_a_kill_switch_calls_back_what_waits_and_stops_the_run(home, launched, drafter, monkeypatch):
    campaign = launched(**ALL_TREATED)
    monkeypatch.setattr("springtide.operations.campaigns.states.BATCH", 1)

    def kill(said):
        if said.get("done") == 0:
            kill_campaign(campaign, reason="wrong text", confirmed_at=NOON, acting=drafter, now=NOON)

    assert carry_run(home, "win_back", "launch 1", now=lambda: NOON, report=kill)["state"] == "stopped"
    assert list(Message.objects.values_list("state", "reason")) == [("cancelled", "campaign_killed")]


def test_what_was_decided_before_the_end_is_still_sent_and_nobody_enters_after_it(home, launched, drafter):
    campaign = launched(**ALL_TREATED)
    finish_campaign(campaign, acting=drafter, now=NOON)
    with pytest.raises(Refused) as refused:
        carry(home)
    assert refused.value.code == "not_live"


def test_a_linked_cluster_gets_one_reward_and_the_first_of_it_is_who_gets_it(home, launched, monkeypatch):
    monkeypatch.setattr("springtide.operations.campaigns.sending.NewReward", lambda *given: _as_one_person(*given))
    launched(**REWARDED)
    carry(home)
    assert outcomes("win_back") == {"sent": 1, "has_one": 2}


def test_contacts_of_another_campaign_since_the_pass_count(home, launched, monkeypatch):
    launched("first", **ALL_TREATED | {"message_class": "lifecycle"})
    launched("second", **ALL_TREATED | {"message_class": "lifecycle"})

    def first(said):
        if said.get("what") == "deciding":
            return
        if said.get("what") == "decided":
            carry(home, "first")

    carry_run(home, "second", "launch 1", now=lambda: NOON, report=first)
    assert outcomes("first") == {"sent": 4}
    assert outcomes("second") == {"capped_meanwhile": 4}


def test_of_two_campaigns_one_after_the_other_the_cap_holds_too(home, launched):
    for key in ("first", "second"):
        launched(key, **ALL_TREATED | {"message_class": "lifecycle"})
        carry(home, key)
    assert Message.objects.count() == 4
    assert decided(home, "second")["ann"] == ("refused", 13, "capped_class")


def test_who_entered_does_not_enter_again_unless_it_says_so(home, launched, drafter):
    launched(**ALL_TREATED)
    carry(home)
    carry(home, slot="another day")
    assert Run.objects.get(slot="another day").due == 0
    launched("often", **ALL_TREATED | {"re_entry": {"kind": "elapsed", "days": 3}})
    carry(home, "often")
    carry(home, "often", "too soon", now=NOON + timedelta(days=2))
    carry(home, "often", "later", now=NOON + timedelta(days=4))
    assert [(run.slot, run.due) for run in Run.objects.filter(campaign__key="often").order_by("pk")] == [
        ("launch 1", 4), ("too soon", 0), ("later", 4),
    ]  # fmt: skip


def test_in_an_exclusion_group_a_user_is_in_one_campaign_at_a_time(home, launched, drafter):
    first = launched("first", **ALL_TREATED | {"exclusion_group": "win_back"})
    carry(home, "first")
    launched("second", **ALL_TREATED | {"exclusion_group": "win_back"})
    carry(home, "second")
    assert decided(home, "second")["ann"] == ("refused", 8, "in_another")
    finish_campaign(first, acting=drafter, now=NOON)


def test_consent_withdrawn_since_the_close_counts(home, launched):
    Withdrawal.objects.create(user_id="ann", channel="email", source="link", at=NOON)
    Withdrawal.objects.create(user_id="bob", channel="push", source="link", at=NOON)
    launched(**ALL_TREATED)
    carry(home)
    assert decided(home)["ann"] == ("refused", 5, "withdrawn")
    assert decided(home)["bob"][0] == "due"


def test_a_goal_that_is_reached_and_a_variable_that_is_missing_refuse(home, launched, template):
    variables = {"last_trade_on": {"missing": "refuse"}, "equity_usdt": {"missing": "leave_out"}}
    texts = {"en": {"text": "Since {{ last_trade_on }}: {{ equity_usdt }}"}}
    template("come_again", texts=texts, variables=variables)
    launched(
        **ALL_TREATED | {"steps": [HELLO | {"template": "come_again"}], "goal": {"rule": "trades_30d > 0 and country = 'DE'"}}
    )
    carry(home)
    told = decided(home)
    assert told["ann"] == ("refused", 10, "goal_reached")
    assert told["hal"] == ("refused", 15, "missing_last_trade_on")
    assert Message.objects.get(user_id="bob").variables == {"last_trade_on": "2026-03-20", "equity_usdt": "0"}


def test_a_dry_run_says_what_a_launch_does_and_writes_nothing(home, approved, drafter):
    campaign = approved(**REWARDED | {"budget_usdt": 20})
    was = AuditRow.objects.count()
    found = dry_run(home, campaign.title, campaign.body, campaign, now=NOON)
    assert (found.audience, found.sent, found.without_budget) == (8, 2, 1)
    assert {(each.check_no, each.reason): each.users for each in found.funnel} == {
        (3, "not_active"): 1, (3, "not_counted"): 1, (4, "risk_deny"): 3, (16, ""): 3,
    }  # fmt: skip
    assert (Message.objects.count(), Run.objects.count(), AuditRow.objects.count()) == (0, 0, was)
    assert not home.lake.snapshot().has("decisions")


def test_the_audience_of_a_run_stays_as_it_was_frozen(home, launched):
    launched(**ALL_TREATED | {"audience": {"rule": "country = 'TW'"}})
    carry(home)
    run = Run.objects.get()
    assert (run.audience, len(run.audience_hash)) == (3, 32)
    assert set(decided(home)) == {"bob", "fay", "hal"}


def _as_one_person(key, user, person, *more):
    return NewReward(key, user, "the same person", *more)


def test_a_launch_keeps_to_the_houses_own_policy(home, launched):
    policy = home.path / "definitions" / "campaign_policy" / "campaigns.yml"
    policy.parent.mkdir(parents=True)
    policy.write_text(
        "key: campaigns\nversion: 2\ntitle: Ours\ncaps: {channels: {email: {most: 0, days: 1}}}\n", encoding="utf-8"
    )
    launched(**ALL_TREATED)
    carry(home)
    assert decided(home)["ann"] == ("refused", 13, "capped_channel")
    assert Run.objects.get().version.policy["control_ratio"] == 0.05


def outcomes(key):
    """How many decisions of a campaign were sent, or refused by reason."""
    rows = Decision.objects.filter(run__campaign__key=key).values_list("verdict", "reason")
    return Counter(reason or verdict for verdict, reason in rows)
