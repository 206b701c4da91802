"""Whether a message may still go out: a paused campaign holds it, a killed one refuses it, and so do flags, nights and changed users."""

from datetime import date, datetime, timedelta

import pytest

from springtide.operations.campaigns.actions import finish_campaign, kill_campaign, pause_campaign
from springtide.operations.campaigns.candidates import exported_through
from springtide.operations.campaigns.exporting import export_decisions
from springtide.operations.campaigns.live import Live
from springtide.operations.campaigns.models import Decision, Run
from springtide.operations.campaigns.runs import carry_run
from springtide.operations.campaigns.settling import settle_rewards
from springtide.operations.delivery.dispatching import Hold
from springtide.operations.delivery.leasing import COLUMNS, Outgoing
from springtide.operations.delivery.models import Message
from springtide.operations.rewards.models import Reward
from springtide.operations.rewards.reads import ledger_state
from springtide.operations.risk.models import Flag
from tests.operations.campaigns.test_run import ALL_TREATED, REWARDED, decided
from tests.operations.conftest import NOON

MIDNIGHT = datetime.combine(date(2026, 4, 1), datetime.min.time(), NOON.tzinfo)


@pytest.fixture
def sent(home, launched):
    """Launches a campaign and lets it send."""

    def through(now=NOON, key="win_back", **changes):
        campaign = launched(key, **ALL_TREATED | changes)
        carry_run(home, key, "launch 1", now=lambda: now)
        return campaign

    return through


@pytest.fixture
def holds(home):
    """User → why their message must not go out now."""

    def asked(now=NOON):
        rows = [Outgoing(*row) for row in Message.objects.order_by("pk").values_list(*COLUMNS)]
        told = Live(home, lambda: now)(rows)
        return {row.user_id: told[row.key] for row in rows if row.key in told}

    return asked


def test_nothing_holds_what_was_decided_just_now(sent, holds):
    sent()
    assert holds() == {}


def test_a_paused_campaign_holds_and_a_killed_one_refuses(sent, holds, drafter):
    campaign = sent()
    pause_campaign(campaign, acting=drafter, now=NOON)
    assert holds()["ann"] == Hold("campaign_paused", NOON + timedelta(seconds=30))
    kill_campaign(campaign, reason="wrong", confirmed_at=NOON, acting=drafter, now=NOON)
    assert set(holds().values()) == {Hold("campaign_killed")}


def test_what_a_finished_campaign_decided_still_goes_out(sent, holds, drafter):
    finish_campaign(sent(), acting=drafter, now=NOON)
    assert holds() == {}


def test_a_flag_put_up_since_then_refuses(sent, holds):
    sent()
    Flag.objects.create(user_id="ann", kind="sanctions", begins_at=NOON, source="exchange", raised_at=NOON)
    assert holds() == {"ann": Hold("risk_deny")}


def test_what_waited_until_the_night_waits_until_the_morning_of_its_user(sent, holds):
    sent()
    told = holds(NOON.replace(hour=21))  # 23:00 in Berlin, 05:00 in Taiwan
    assert told["ann"] == Hold("quiet_hours", NOON.replace(hour=6) + timedelta(days=1))
    assert told["bob"] == Hold("quiet_hours", MIDNIGHT)


def test_who_was_put_off_is_judged_again_by_the_day_closed_since(home, sent, holds):
    sent(NOON.replace(hour=21), audience={"rule": "days_since_trade <= 10 or trades_all = 0"})
    assert {each.user_id for each in Message.objects.filter(due_at__gt=NOON.replace(hour=21))} == {"ann", "bob", "fay", "hal"}
    assert holds(MIDNIGHT) == {}
    home.close(through=date(2026, 3, 31), now=MIDNIGHT)  # bob's last trade is eleven days ago by then
    assert holds(MIDNIGHT) == {"bob": Hold("not_in_audience")}


def test_rewards_follow_their_messages_granted_where_they_went_out_put_back_where_they_never_will(sent):
    sent(**REWARDED)
    Message.objects.filter(user_id="ann").update(state="sent")
    Message.objects.filter(user_id="bob").update(state="refused")
    assert settle_rewards(now=NOON) == (1, 1)
    assert settle_rewards(now=NOON) == (0, 0)
    assert sorted(Reward.objects.values_list("user_id", "state")) == [
        ("ann", "granted"), ("bob", "released"), ("fay", "reserved"),
    ]  # fmt: skip
    assert ledger_state().is_whole


def test_a_close_brings_decisions_into_the_lake_and_caps_count_on(home, sent):
    sent(message_class="lifecycle")
    later = NOON + timedelta(hours=2)
    with home.engine() as engine:
        assert export_decisions(home, engine, now=later) == 4
        assert export_decisions(home, engine, now=later) == 0
    assert not Decision.objects.exists()
    assert exported_through(home.lake.snapshot()) > 0
    sent(later, key="another", message_class="lifecycle")
    assert decided(home, "another")["ann"] == ("refused", 13, "capped_class")
    assert Run.objects.get(campaign__key="win_back").late == [[16, "", "voucher", "sent", 4]]


def test_a_crash_between_the_lake_and_the_clearing_counts_nothing_twice(home, sent, monkeypatch):
    sent()
    later = NOON + timedelta(hours=2)
    with home.engine() as engine:
        with monkeypatch.context() as patched:
            patched.setattr("springtide.operations.campaigns.exporting._clear", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                export_decisions(home, engine, now=later)
        assert Decision.objects.count() == 4
        caps = {"entry": {"kind": "once"}}
        sent(later, key="another", **caps)
        assert decided(home, "another")["ann"][0] == "due"  # one of four in seven days, not two
        assert export_decisions(home, engine, now=later) == 4
        rows = home.lake.snapshot().rows("decision_outcomes")
    assert rows == 8
