"""Events: taken once, answered by the campaigns that ask for them, and refused with a reason where they cannot be read."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import BadInput
from springtide.operations.campaigns.events import answer_events, forget_events, read_lines, take_events
from springtide.operations.campaigns.models import Decision, Event, Traveller
from springtide.operations.delivery.models import Message
from tests.operations.conftest import NOON

ALL_TREATED = {"holdout_ratio": 0, "no_holdout_because": "a competition", "arms": [{"key": "voucher"}]}
ON_DEPOSIT = {"entry": {"kind": "event", "event": "deposit", "where": {"usdt": {"at_least": 100}}}}


def event(user, number=1, name="deposit", **more):
    said = {"event_id": f"{name}-{user}-{number}", "user_id": user, "name": name, "at": "2026-03-31T11:59:00Z"}
    return said | {"properties": {"usdt": 100}} | more


@pytest.fixture
def tells(home):
    """Tells events and answers them, batch by batch."""

    def told(*events, now=NOON):
        taken = take_events("exchange", events, now=now)
        with home.engine() as engine:
            while answer_events(home, engine, now=now):
                pass
        return taken

    return told


def verdicts():
    return sorted(Decision.objects.values_list("user_id", "verdict", "check_no", "reason"))


def test_an_event_lets_its_user_in_if_all_its_conditions_hold(launched, tells):
    launched(**ALL_TREATED | ON_DEPOSIT)
    tells(event("ann"), event("bob", properties={"usdt": 99}), event("dan"), event("hal", name="quiz"))
    assert verdicts() == [("ann", "sent", 16, ""), ("dan", "refused", 3, "not_active")]
    assert Message.objects.get().user_id == "ann"


def test_an_event_told_twice_is_one_and_a_user_enters_once(launched, tells):
    launched(**ALL_TREATED | ON_DEPOSIT)
    assert tells(event("ann")).taken == 1
    assert tells(event("ann")).known == 1
    tells(event("ann", 2), event("ann", 3))
    assert verdicts() == [
        ("ann", "refused", 8, "entered_before"), ("ann", "refused", 8, "entered_before"), ("ann", "sent", 16, ""),
    ]  # fmt: skip


def test_a_keyed_journey_runs_once_for_each_order(launched, tells):
    keyed = {"kind": "event", "event": "deposit", "per": "order"}
    hello = {"key": "hello", "do": "message", "channel": "email", "template": "come_back"}
    launched(**ALL_TREATED | {"entry": keyed, "steps": [{"key": "pause", "do": "wait", "hours": 1}, hello]})
    tells(event("ann", 1, properties={"order": 7}), event("ann", 2, properties={"order": 8}))
    tells(event("ann", 3, properties={"order": 7}))
    assert sorted(Traveller.objects.values_list("user_id", "entry_key")) == [("ann", "7"), ("ann", "8")]


def test_a_user_whom_the_lake_does_not_know_is_refused_and_so_is_who_is_not_in_the_audience(launched, tells):
    launched(**ALL_TREATED | ON_DEPOSIT | {"audience": {"rule": "country = 'TW'"}})
    tells(event("stranger"), event("ann"), event("bob"))
    assert verdicts() == [
        ("ann", "refused", 7, "not_in_audience"), ("bob", "sent", 16, ""), ("stranger", "refused", 3, "unknown_user"),
    ]  # fmt: skip


def test_the_holdout_of_an_event_is_a_row(launched, tells):
    launched(**ON_DEPOSIT | {"holdout_ratio": 0.9})
    tells(*(event(user) for user in ("ann", "bob", "fay", "hal")))
    assert {verdict for _, verdict, *_ in verdicts()} <= {"sent", "holdout", "control"}
    assert "holdout" in {verdict for _, verdict, *_ in verdicts()}
    assert len(verdicts()) == 4


def test_a_crash_before_an_event_is_answered_leaves_it_to_be_answered_again(launched, tells, monkeypatch):
    launched(**ALL_TREATED | ON_DEPOSIT)
    with monkeypatch.context() as patched:
        patched.setattr("springtide.operations.campaigns.events._tell_travellers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tells(event("ann"))
    assert not Decision.objects.exists()
    tells()
    assert verdicts() == [("ann", "sent", 16, "")]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("no event", "is no event"),
        ({**event("ann"), "when": 1}, "has no 'when'"),
        ({**event("ann"), "user_id": 7}, "user_id is '7'"),
        ({**event("ann"), "at": "noon"}, "at is 'noon'"),
        ({**event("ann"), "at": "2026-03-31T12:06:00Z"}, "is to come"),
        ({**event("ann"), "properties": [1]}, "properties are no object"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_place_and_the_rest_is_taken(db, said, says):
    taken = take_events("exchange", [event("bob"), said], now=NOON)
    assert taken.taken == 1
    assert says in taken.refused[2]


def test_lines_of_json_are_read_one_by_one(db):
    taken = take_events("exchange", read_lines('{"event_id": "1"}\n\nbroken\n'), now=NOON)
    assert (taken.taken, sorted(taken.refused)) == (0, [1, 2])
    with pytest.raises(BadInput, match="10,001"):
        take_events("exchange", [event("ann")] * 10_001, now=NOON)


def test_answered_events_are_forgotten_after_a_while(launched, tells):
    tells(event("ann"))
    assert forget_events(now=NOON) == 0
    assert forget_events(now=NOON + timedelta(days=3)) == 1
    assert not Event.objects.exists()
