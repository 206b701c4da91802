"""From the outbox to a signed call and back: sent once, held, refused, tried again, and killed in between."""

import threading
from datetime import timedelta

import pytest

from springtide.kernel.errors import BadInput
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery import leasing
from springtide.operations.delivery.actions import cancel, put
from springtide.operations.delivery.connectors import Outcome
from springtide.operations.delivery.dispatching import Hold, dispatch
from springtide.operations.delivery.models import ConnectorState, Message, Withdrawal
from springtide.operations.delivery.signing import verify
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import KEY, Clock, message, put_some, send_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("welcome")]


def states():
    return {each.key.removeprefix("decision-"): (each.state, each.reason) for each in Message.objects.all()}


def test_a_message_is_rendered_signed_sent_and_stored(gateway, webhook):
    put_some(1)

    assert send_all(webhook()) == {"sent": 1}

    call = gateway.calls[0]
    assert call.json == {
        "type": "message",
        "key": "decision-1",
        "user_id": "user 1",
        "class": "promotional",
        "address": "",
        "language": "en",
        "subject": "Welcome, User 1",
        "text": "Your bonus of 25 USDT waits.",
        "html": "",
        "unsubscribe_url": "",
    }
    assert verify([KEY], call.headers, call.body, now=NOON) == "decision-1"
    sent = Message.objects.get()
    assert (sent.state, sent.ended_at, sent.leased_until, sent.tries, sent.resends) == ("sent", NOON, None, 0, 0)


def test_a_known_key_is_put_once_and_a_sent_message_is_sent_once(gateway, webhook):
    put_some(2)
    assert put([message(2, variables={"amount": "9"}), message(3)], now=NOON) == 1

    assert send_all(webhook()) == {"sent": 3}
    assert send_all(webhook()) == {}
    assert sorted(gateway.keys) == ["decision-1", "decision-2", "decision-3"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"channel": "pigeon"}, "unknown_channel"),
        ({"message_class": "spam"}, "unknown_class"),
        ({"template": "welcom"}, "unknown_template"),
        ({"template_version": 7}, "unknown_template"),
        ({"key": "a\nb"}, "bad_key"),
        ({"key": "x" * 65}, "bad_key"),
    ],
)
def test_a_message_that_could_never_go_out_is_refused(more, code):
    with pytest.raises(BadInput) as told:
        put([message(1), message(2, **more)], now=NOON)
    assert (told.value.code, bool(told.value.hint)) == (code, True)
    assert not Message.objects.exists()


def test_a_message_keeps_the_version_of_its_template(gateway, webhook, welcome):
    put_some(1)
    changed = {**welcome.body, "texts": {"en": {"text": "Something else, {{ name }}: {{ amount }}."}}}
    publish_definition(
        "message_template", "welcome", title="Welcome", body=changed, acting=None, now=NOON, seen=welcome.content_hash
    )
    put([message(2)], now=NOON)

    send_all(webhook(batch=100))
    assert [each["text"] for each in gateway.calls[0].json["messages"]] == [
        "Your bonus of 25 USDT waits.",
        "Something else, User 2: 25.",
    ]


def test_service_messages_go_first_and_what_is_not_due_waits(gateway, webhook):
    put([message(1, due_at=NOON - timedelta(hours=1)), message(2, message_class="service")], now=NOON)
    put([message(3, due_at=NOON + timedelta(seconds=1))], now=NOON)

    send_all(webhook(batch=100))
    assert [each["key"] for each in gateway.calls[0].json["messages"]] == ["decision-2", "decision-1"]
    assert states()["3"] == ("queued", "")


def test_what_the_caller_holds_waits_or_is_refused_and_asks_again(gateway, webhook):
    put_some(3)
    clock = Clock()
    seen: list[str] = []

    def live(messages):
        seen.extend(each.key for each in messages)
        if clock() > NOON:
            return {}
        return {"decision-1": Hold("quiet_hours", NOON + timedelta(hours=9)), "decision-2": Hold("campaign_over")}

    assert send_all(webhook(), live=live, now=clock) == {"held": 1, "refused": 1, "sent": 1}
    assert states() == {"1": ("held", "quiet_hours"), "2": ("refused", "campaign_over"), "3": ("sent", "")}

    clock.pass_(hours=9)
    assert send_all(webhook(), live=live, now=clock) == {"sent": 1}
    assert seen.count("decision-1") == 2


def test_a_hold_that_is_over_already_is_not_asked_for_ever(webhook):
    put_some(1)
    assert send_all(webhook(), live=lambda messages: {"decision-1": Hold("quiet_hours", NOON - timedelta(days=1))}) == {
        "held": 1
    }


def test_consent_withdrawn_between_decision_and_dispatch_is_heeded_but_not_by_service_messages(gateway, webhook):
    put([message(1), message(2), message(3), message(4, message_class="service")], now=NOON)
    for user, channel in (("user 1", "push"), ("user 2", ""), ("user 3", "email"), ("user 4", "")):
        Withdrawal.objects.create(user_id=user, channel=channel, source="link", at=NOON)

    send_all(webhook())
    assert states() == {
        "1": ("refused", "no_consent"),
        "2": ("refused", "no_consent"),
        "3": ("sent", ""),
        "4": ("sent", ""),
    }


def test_users_of_whom_a_variable_is_not_known_get_nothing_and_the_others_do(gateway, webhook):
    put([message(n, variables={"amount": "25"} if n % 33 else {}) for n in range(1, 101)], now=NOON)

    assert send_all(webhook(batch=100)) == {"sent": 97, "refused": 3}
    assert {key for key, state in states().items() if state == ("refused", "missing_variable")} == {"33", "66", "99"}
    assert gateway.calls[0].json["messages"][0]["subject"] == "Welcome, there"


def test_cancelled_messages_stay_here_and_sent_ones_stay_sent(gateway, webhook):
    put([message(1, campaign="spring"), message(2, campaign="autumn"), message(3, campaign="spring")], now=NOON)

    assert cancel(keys=["decision-3"], reason="by_hand", now=NOON) == 1
    assert cancel(campaign="spring", reason="campaign_cancelled", now=NOON) == 1
    send_all(webhook())
    assert cancel(campaign="autumn", reason="campaign_cancelled", now=NOON) == 0
    assert states() == {"1": ("cancelled", "campaign_cancelled"), "2": ("sent", ""), "3": ("cancelled", "by_hand")}


# --- what goes wrong


@pytest.mark.parametrize(
    ("answer", "state", "connector_waits"),
    [
        ((200, b'{"ok": true}'), ("sent", ""), False),
        ((200, b"<html>Please sign in to the network"), ("queued", "garbage_answer"), True),
        ((200, b"\xff\xfe\x00"), ("queued", "garbage_answer"), True),
        ((400, b"no such user"), ("failed", "status_400"), False),
        ((401, b""), ("queued", "status_401"), True),
        ((302, b"", {"location": "http://127.0.0.1:1/elsewhere"}), ("queued", "status_302"), True),
        ((429, b"", {"retry-after": "30"}), ("queued", "status_429"), True),
        ((500, b"oops"), ("queued", "status_500"), True),
        (None, ("queued", "no_answer"), True),
    ],
)
def test_what_each_answer_of_a_gateway_with_keys_means(gateway, webhook, answer, state, connector_waits):
    put_some(1)
    gateway.says = [answer]
    send_all(webhook())

    assert states()["1"] == state
    health = ConnectorState.objects.get()
    assert (health.waits_until is not None) is connector_waits
    assert len(gateway.calls) == 1  # a redirection is not followed


def test_a_gateway_that_is_busy_is_left_alone_for_as_long_as_it_asks(gateway, webhook):
    put_some(1)
    clock = Clock()
    gateway.says = [(429, b"", {"retry-after": "30"})]

    send_all(webhook(now=clock), now=clock)
    clock.pass_(seconds=29)
    assert send_all(webhook(now=clock), now=clock) == {}
    clock.pass_(seconds=2)
    assert send_all(webhook(now=clock), now=clock) == {"sent": 1}
    health = ConnectorState.objects.get()
    assert (health.failures, health.waits_until, health.last_sent_at) == (0, None, NOON + timedelta(seconds=31))


def test_a_gateway_that_is_gone_costs_one_try_of_some_and_a_longer_wait_each_time(webhook):
    put_some(20)
    clock = Clock()
    connector = webhook(now=clock)
    connector.send = lambda letters: [Outcome("later", "no_answer", "connection refused")] * len(letters)

    for wait in (2, 4, 8):
        assert send_all(connector, now=clock) == {"queued": 4}
        assert ConnectorState.objects.get().waits_until == clock() + timedelta(seconds=wait)
        clock.pass_(seconds=wait)
    assert sum(Message.objects.values_list("tries", flat=True)) == 12


def test_a_message_that_is_never_accepted_is_given_up_after_half_a_day(webhook):
    put_some(1)
    clock = Clock()
    connector = webhook(now=clock)
    connector.send = lambda letters: [Outcome("later", "no_answer")]
    for _ in range(23):
        send_all(connector, now=clock)
        clock.pass_(hours=1)
    assert states()["1"] == ("queued", "no_answer")
    send_all(connector, now=clock)
    assert states()["1"] == ("failed", "no_answer")
    clock.pass_(hours=1)
    assert send_all(connector, now=clock) == {}


def test_in_a_batch_each_letter_has_its_own_answer(gateway, webhook):
    put_some(4)
    told = b"""{"results": [{"key": "decision-1", "status": "accepted"}, {"key": "decision-2", "status": "rejected",
        "code": "no_device"}, {"key": "decision-3", "status": "later"}, {"key": "decision-9", "status": "accepted"}]}"""
    gateway.says = [(200, told)]

    send_all(webhook(batch=100))
    assert states() == {
        "1": ("sent", ""),
        "2": ("failed", "no_device"),
        "3": ("queued", "busy"),
        "4": ("queued", "garbage_answer"),
    }


@pytest.mark.parametrize(
    "garbage", [b"<html>", b'{"results": 3}', b'{"results": [3]}', b"[" * 100_000, b'"' + b"x" * 2_000_000]
)
def test_a_batch_with_a_garbled_answer_is_sent_again_under_the_same_keys(gateway, webhook, garbage):
    put_some(2)
    clock = Clock()
    gateway.says = [(200, garbage)]
    assert send_all(webhook(batch=100), now=clock) == {"queued": 2}
    clock.pass_(minutes=1)
    assert send_all(webhook(batch=100), now=clock) == {"sent": 2}
    first, second = ([each["key"] for each in call.json["messages"]] for call in gateway.calls)
    assert first == second


# --- the rate, the clock, the stop


def test_all_workers_together_keep_the_rate_of_a_connector(gateway, webhook):
    put_some(25)
    clock = Clock()
    one, other = (webhook(rate_per_second=10.0, now=clock) for _ in range(2))

    assert send_all(one, now=clock) == {"sent": 10}
    assert send_all(other, now=clock) == {}
    clock.pass_(seconds=0.5)
    assert send_all(other, now=clock) == {"sent": 5}
    clock.pass_(minutes=5)
    assert send_all(one, now=clock) == {"sent": 10}  # an idle hour saves nothing up


def test_a_clock_that_goes_back_neither_sends_twice_nor_sends_more(gateway, webhook):
    put_some(15)
    clock = Clock()
    connector = webhook(rate_per_second=10.0, now=clock)
    assert send_all(connector, now=clock) == {"sent": 10}
    clock.pass_(seconds=-30)
    assert send_all(connector, now=clock) == {}
    clock.pass_(seconds=40)
    assert send_all(connector, now=clock) == {"sent": 5}
    assert len(set(gateway.keys)) == len(gateway.keys) == 15


def test_when_told_to_stop_it_gives_back_what_it_holds(gateway, webhook):
    put_some(20)
    stop = threading.Event()
    connector = webhook()
    send = connector.send

    def stopped_meanwhile(letters):
        stop.set()
        return send(letters)

    connector.send = stopped_meanwhile
    counts = dispatch([connector], live=lambda messages: {}, now=Clock(), stop=stop).counts
    assert counts == {"sent": 4}
    assert Message.objects.filter(state="queued", leased_until=None).count() == 16


def test_answers_to_the_last_checks_hold_for_a_second(gateway, webhook, monkeypatch):
    put_some(12)
    seconds = iter(range(100))  # half a second passes between two looks
    monkeypatch.setattr("springtide.operations.delivery.dispatching.monotonic", lambda: next(seconds) / 2)
    asked = []

    def live(messages):
        asked.append(len(messages))
        return {}

    assert send_all(webhook(), live=live) == {"sent": 12}
    assert asked == [12, 8, 4]


# --- killed in between


class Killed(BaseException):
    """What `kill -9` would do at this point: nothing after it runs."""


def test_killed_after_the_gateway_accepted_it_is_sent_again_under_the_same_key(gateway, webhook):
    put_some(3)
    clock = Clock()
    dying = webhook(now=clock)
    send = dying.send

    def killed(letters):
        send(letters)
        raise Killed

    dying.send = killed
    with pytest.raises(Killed):
        send_all(dying, now=clock)
    assert send_all(webhook(now=clock), now=clock) == {}  # still leased to the dead one

    clock.pass_(seconds=61)
    assert send_all(webhook(now=clock), now=clock) == {"sent": 3}
    assert sorted(gateway.keys) == sorted(2 * [f"decision-{n}" for n in (1, 2, 3)])
    assert set(Message.objects.values_list("state", "resends")) == {("sent", 1)}


def test_a_worker_that_was_overtaken_writes_nothing(webhook):
    put_some(2)
    connector = webhook()
    slow = leasing.lease(connector, most=10, now=NOON)
    later = NOON + timedelta(seconds=61)
    fast = leasing.lease(connector, most=1, now=later)
    assert slow
    assert fast

    sent = {each.id: leasing.Settled("sent") for each in slow.messages}
    failed = {each.id: leasing.Settled("failed") for each in fast.messages}
    assert leasing.settle(fast, failed, now=later) == 1
    assert leasing.settle(slow, sent, now=later) == 1
    assert sorted(state for state, _ in states().values()) == ["failed", "sent"]


def test_without_keys_what_was_under_way_when_the_worker_died_is_unknown_and_is_not_sent_again(gateway, webhook):
    put_some(3)
    clock = Clock()
    dying = webhook(is_keyed=False, now=clock)
    send, sent = dying.send, []

    def killed(letters):
        sent.extend(send(letters))
        if len(sent) == 2:
            raise Killed

    def first_then_killed(letters):
        killed(letters)
        return sent[-1:]

    dying.send = first_then_killed
    with pytest.raises(Killed):
        send_all(dying, now=clock)

    clock.pass_(seconds=61)
    assert send_all(webhook(is_keyed=False, now=clock), now=clock) == {"sent": 1}
    assert sorted(state for state, _ in states().values()) == ["sent", "sent", "unknown"]
    assert len(gateway.calls) == len(set(gateway.keys)) == 3


@pytest.mark.parametrize(("carries_money", "becomes"), [(False, "sent"), (True, "unknown")])
def test_a_channel_may_resend_what_is_unknown_but_never_what_is_worth_money(gateway, webhook, carries_money, becomes):
    put_some(1, carries_money=carries_money)
    clock = Clock()
    gateway.says = [None]
    policy = {"is_keyed": False, "on_unknown": "resend", "now": clock}
    send_all(webhook(**policy), now=clock)
    clock.pass_(minutes=1)
    send_all(webhook(**policy), now=clock)
    assert states()["1"][0] == becomes
    assert len(gateway.calls) == (1 if carries_money else 2)
