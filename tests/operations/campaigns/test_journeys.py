"""Journeys: users are let in, wait, are asked, written to, and leave; the whole path by hand, and crashes on the way."""

from datetime import timedelta

import pytest

from springtide.kernel.ids import bucket
from springtide.operations.campaigns import journeys
from springtide.operations.campaigns.actions import kill_campaign, pause_campaign, resume_campaign
from springtide.operations.campaigns.definition import Step
from springtide.operations.campaigns.events import answer_events, take_events
from springtide.operations.campaigns.journeys import way_of
from springtide.operations.campaigns.models import Decision, Traveller
from springtide.operations.campaigns.runs import carry_run
from springtide.operations.delivery.models import Message
from springtide.operations.rewards.models import Reward
from springtide.operations.work.models import Item
from tests.operations.conftest import NOON

ALL_TREATED = {"holdout_ratio": 0, "no_holdout_because": "a competition", "arms": [{"key": "voucher"}]}
HELLO = {"key": "hello", "do": "message", "channel": "email", "template": "come_back"}
DAY = timedelta(days=1)


@pytest.fixture
def under_way(home, launched):
    """Launches a journey over the steps given, and lets everybody in."""

    def begin(*steps, **more):
        campaign = launched(**ALL_TREATED | {"steps": list(steps)} | more)
        carry_run(home, "win_back", "launch 1", now=lambda: NOON)
        return campaign

    return begin


@pytest.fixture
def wake(home):
    """Wakes whoever is due, as a worker does, until nobody is."""

    def until_quiet(now=NOON):
        with home.engine() as engine:
            for _ in range(50):
                if journeys.wake(home, engine, now=now) == journeys.Woken():
                    return

    return until_quiet


@pytest.fixture
def happens(home):
    """Tells an event and answers it."""

    def told(name, user, now=NOON, **properties):
        happened = {"event_id": f"{name} {user} {now}", "user_id": user, "name": name, "at": str(now), "properties": properties}
        assert take_events("exchange", [happened], now=now).taken == 1
        with home.engine() as engine:
            answer_events(home, engine, now=now)

    return told


def standing():
    return dict(Traveller.objects.values_list("user_id", "step"))


def states_of():
    return dict(Traveller.objects.values_list("user_id", "state"))


def test_a_journey_waits_asks_writes_and_ends(home, under_way, wake):
    under_way(
        {"key": "pause", "do": "wait", "hours": 24},
        {"key": "fork", "do": "branch", "rule": "trades_30d > 0", "then": "hello", "otherwise": "call"},
        HELLO | {"then": "exit"},
        {"key": "call", "do": "task", "type": "call", "title": "Ask why they never traded", "queue": "outreach_team"},
    )
    assert standing() == dict.fromkeys(["ann", "bob", "fay", "hal"], "pause")
    wake(NOON + DAY - timedelta(seconds=1))
    assert standing() == dict.fromkeys(["ann", "bob", "fay", "hal"], "pause")
    wake(NOON + DAY)
    assert states_of() == dict.fromkeys(["ann", "bob", "fay", "hal"], "done")
    assert sorted(Message.objects.values_list("user_id", flat=True)) == ["ann", "bob", "fay"]
    item = Item.objects.get()
    assert (item.user_id, item.type, item.queue, item.due_at - item.opened_at) == ("hal", "call", "outreach_team", DAY)


def test_a_reward_step_reserves_and_grants(home, under_way, wake):
    ten = {"ten": {"type": "fee_voucher", "amount_usdt": 10}}
    under_way({"key": "give", "do": "reward", "offer": "ten"}, HELLO, offers=ten, budget_usdt=20)
    wake()
    assert sorted(Reward.objects.values_list("user_id", "state")) == [("ann", "granted"), ("bob", "granted")]
    assert Decision.objects.get(user_id="fay", step="give").reason == "no_budget"
    assert Message.objects.count() == 3  # who got no reward goes on all the same


def test_an_event_wakes_who_waits_for_it_and_time_wakes_the_others(home, under_way, wake, happens):
    under_way(
        {"key": "until", "do": "wait_until", "event": "deposit", "at_most_hours": 48, "then": "hello", "otherwise": "exit"},
        HELLO,
    )
    happens("deposit", "ann")
    happens("quiz", "bob")
    wake()
    assert list(Message.objects.values_list("user_id", flat=True)) == ["ann"]
    wake(NOON + 2 * DAY)
    assert Message.objects.count() == 1
    assert states_of() == dict.fromkeys(["ann", "bob", "fay", "hal"], "done")


def test_until_an_hour_of_the_users_day(home, under_way, wake):
    under_way({"key": "first", "do": "wait", "hours": 1}, {"key": "morning", "do": "wait_until", "hour": "09:00"}, HELLO)
    wake(NOON + timedelta(hours=1))
    waits = dict(Traveller.objects.values_list("user_id", "wake_at"))
    assert waits["ann"] == NOON.replace(hour=7) + DAY  # Berlin is two hours ahead from the 29th of March on
    assert waits["bob"] == NOON.replace(hour=1) + DAY  # Taiwan


def test_a_goal_takes_a_user_out_at_once_and_calls_back_what_waits(home, under_way, wake, happens):
    under_way(HELLO, {"key": "pause", "do": "wait", "hours": 24}, HELLO | {"key": "again"}, goal={"event": "traded_spot"})
    wake()
    assert Message.objects.filter(state="queued").count() == 4
    happens("traded_spot", "ann")
    assert states_of()["ann"] == "left"
    assert Message.objects.get(user_id="ann").state == "cancelled"
    wake(NOON + 4 * DAY)
    assert Message.objects.filter(step="again").count() == 3


def test_a_branch_on_an_event_since_the_entry(home, under_way, wake, happens):
    under_way(
        {"key": "pause", "do": "wait", "hours": 1},
        {"key": "did", "do": "branch", "event": "quiz", "then": "hello", "otherwise": "exit"},
        HELLO,
    )
    happens("quiz", "hal")
    wake(NOON + timedelta(hours=1))
    assert list(Message.objects.values_list("user_id", flat=True)) == ["hal"]


def test_a_split_draws_a_way_by_the_person_and_its_weights():
    step = Step("halves", "split", "exit", ways=(("a", 1), ("b", 3)))
    drawn = [way_of("win_back", step, str(person)) for person in range(4000)]
    assert abs(drawn.count("a") - 1000) < 4 * (4000 * 0.25 * 0.75) ** 0.5
    assert drawn == [way_of("win_back", step, str(person)) for person in range(4000)]
    assert bucket("campaign win_back split halves", "0") < 2500 or drawn[0] == "b"


def test_who_is_under_way_keeps_to_the_caps(home, under_way, wake):
    under_way(HELLO, HELLO | {"key": "again"}, message_class="lifecycle")
    wake()
    assert Message.objects.count() == 4
    assert set(Decision.objects.filter(step="again").values_list("verdict", "check_no", "reason")) == {
        ("refused", 13, "capped_class")
    }


def test_a_crash_in_a_step_moves_nobody_and_writes_nothing(home, under_way, wake, monkeypatch):
    under_way(HELLO, {"key": "pause", "do": "wait", "hours": 24}, HELLO | {"key": "again"})
    with monkeypatch.context() as patched:
        patched.setattr("springtide.operations.campaigns.journeys._move", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            wake()
    assert not Message.objects.exists()
    assert set(standing().values()) == {"hello"}
    wake()
    wake()
    assert Message.objects.count() == 4


def test_two_workers_who_wake_the_same_users_move_them_once(home, under_way, monkeypatch):
    under_way(HELLO, {"key": "pause", "do": "wait", "hours": 24}, HELLO | {"key": "again"})
    decided = journeys._decided

    def meanwhile(this, numbers):
        found = decided(this, numbers)
        monkeypatch.setattr(journeys, "_decided", decided)
        with home.engine() as engine:
            journeys.wake(home, engine, now=NOON)  # another worker is faster
        return found

    monkeypatch.setattr(journeys, "_decided", meanwhile)
    with home.engine() as engine:
        assert journeys.wake(home, engine, now=NOON) == journeys.Woken()
    assert Message.objects.count() == 4


def test_a_paused_journey_moves_nobody_and_a_killed_one_lets_them_out(home, under_way, wake, drafter):
    campaign = under_way({"key": "pause", "do": "wait", "hours": 1}, HELLO)
    pause_campaign(campaign, acting=drafter, now=NOON)
    wake(NOON + DAY)
    assert not Message.objects.exists()
    resume_campaign(campaign, acting=drafter, now=NOON)
    kill_campaign(campaign, reason="wrong", confirmed_at=NOON, acting=drafter, now=NOON)
    wake(NOON + DAY)
    assert not Message.objects.exists()
    assert set(states_of().values()) == {"left"}
