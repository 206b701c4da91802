"""What is told of messages later, consent, doubt, switches, addresses: who may, twice, and what stays out of sight."""

from datetime import timedelta

import pytest
from django.db import connection

from springtide.kernel.errors import BadInput, SpringtideError
from springtide.operations.delivery import reads
from springtide.operations.delivery.actions import (
    NewReceipt,
    Received,
    forget_messages,
    load_contacts,
    put,
    receive,
    restore_consent,
    settle_unknown,
    switch_connector,
    withdraw_consent,
)
from springtide.operations.delivery.addresses import Asked, Dropped, Sealed
from springtide.operations.delivery.models import Contact, Message, Receipt, Withdrawal
from springtide.operations.delivery.posting import Poster
from springtide.operations.delivery.sealing import seal, unseal
from springtide.operations.delivery.signing import verify
from springtide.operations.delivery.unsubscribing import unsubscribe_url, who_unsubscribes
from springtide.operations.members.models import AuditRow
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import HERE, KEY, Clock, message, put_some, send_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(member_of):
    return member_of("admin")


@pytest.fixture
def sent(gateway, webhook, welcome):
    put_some(4, campaign="spring", step="1")
    gateway.says = [(400, b"")]
    send_all(webhook())


def _told(*receipts):
    return receive([NewReceipt(f"decision-{n}", outcome, NOON) for n, outcome in receipts], source="push", now=NOON)


def test_receipts_are_stored_once_whatever_comes_twice(sent):
    first = ((2, "delivered"), (2, "opened"), (3, "delivered"), (3, "delivered"))
    assert _told(*first, (9, "delivered")) == Received(new=3, known=1, unknown=("decision-9",))
    assert _told(*first) == Received(new=0, known=4, unknown=())
    assert Receipt.objects.count() == 3


def test_the_funnel_of_a_campaign_adds_up(sent):
    _told((2, "delivered"), (2, "clicked"), (3, "bounced"))
    put([message(5, campaign="spring", step="2", due_at=NOON + timedelta(hours=1)), message(6, campaign="autumn")], now=NOON)

    told = reads.message_funnel("spring")
    assert {state: n for state, n in told.states.items() if n} == {"failed": 1, "sent": 3, "queued": 1}
    assert (told.messages, told.reasons, told.resends) == (5, {"status_400": 1}, 0)
    assert told.outcomes == {"delivered": 1, "opened": 0, "clicked": 1, "bounced": 1, "unsubscribed": 0}
    assert reads.message_funnel("spring", "2").messages == 1


@pytest.mark.parametrize(
    ("receipts", "code"),
    [
        ([NewReceipt("decision-1", "devoured", NOON)], "unknown_outcome"),
        ([NewReceipt("decision-1", "opened", NOON + timedelta(hours=1))], "bad_time"),
        ([NewReceipt("decision-1", "opened", NOON)] * 1001, "too_many_receipts"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused(sent, receipts, code):
    with pytest.raises(BadInput) as told:
        receive(receipts, source="push", now=NOON)
    assert (told.value.code, Receipt.objects.count()) == (code, 0)


def test_who_unsubscribes_at_the_receivers_gets_no_more(gateway, webhook, sent):
    _told((2, "unsubscribed"))
    put([message(7, user_id="user 2"), message(8, user_id="user 2", channel="inbox")], now=NOON)
    send_all(webhook())
    assert Message.objects.get(key="decision-7").reason == "no_consent"
    assert Message.objects.get(key="decision-8").state == "queued"  # another channel


def test_a_link_ends_one_channel_and_cannot_be_made_up():
    url = unsubscribe_url("https://springtide.example.com/", "a/b?c user", "email")
    token = url.removeprefix("https://springtide.example.com/unsubscribe/")
    assert url != token
    assert who_unsubscribes(token) == ("a/b?c user", "email")
    for wrong in ("", "x", token[:-1], token.replace(":", "."), "email/ann:" + token.split(":")[1]):
        with pytest.raises(BadInput) as told:
            who_unsubscribes(wrong)
        assert told.value.code == "bad_link"
    assert unsubscribe_url("", "ann", "email") == ""


def test_consent_is_withdrawn_once_and_given_back():
    assert withdraw_consent("ann", "email", source="link", now=NOON)
    assert not withdraw_consent("ann", "email", source="link", now=NOON)
    assert withdraw_consent("ann", "", source="exchange", now=NOON)
    assert sorted(reads.withdrawn()) == [("ann", ""), ("ann", "email")]
    assert restore_consent("ann", "email", source="exchange", now=NOON)
    assert restore_consent("ann", "", source="exchange", now=NOON)
    assert not restore_consent("ann", "", source="exchange", now=NOON)
    assert not Withdrawal.objects.exists()
    assert list(AuditRow.objects.order_by("number").values_list("action", flat=True)) == [
        *("withdraw_consent", "withdraw_consent", "restore_consent", "restore_consent")
    ]


def test_what_counts_towards_the_caps_is_told_by_class_and_channel(sent):
    put([message(n, user_id="user 2", message_class="lifecycle") for n in (5, 6)], now=NOON)

    assert reads.sent_counts(["user 1", "user 2", "user 9"], NOON) == {
        "user 2": {("promotional", "push"): 1, ("lifecycle", "push"): 2}
    }
    assert reads.sent_counts(["user 2"], NOON + timedelta(seconds=1)) == {}
    assert len(list(reads.counted_since(NOON))) == 5


def test_old_messages_are_forgotten_with_their_receipts_and_open_ones_stay(sent):
    _told((2, "delivered"))
    put([message(5, due_at=NOON + timedelta(days=90))], now=NOON)
    assert forget_messages(before=NOON) == 0
    assert forget_messages(before=NOON + timedelta(days=60)) == 4
    assert list(Message.objects.values_list("key", flat=True)) == ["decision-5"]
    assert not Receipt.objects.exists()


# --- doubt


@pytest.fixture
def doubted(gateway, webhook, welcome):
    put_some(1, carries_money=True)
    gateway.says = [None]
    send_all(webhook(is_keyed=False))
    assert Message.objects.get().state == "unknown"


def test_an_administrator_settles_what_nobody_knows(gateway, webhook, doubted, admin, manager):
    with pytest.raises(BadInput) as told:
        settle_unknown("decision-1", was_sent=True, acting=manager, now=NOON)
    assert told.value.code == "not_allowed"

    settle_unknown("decision-1", was_sent=False, acting=admin, now=NOON)
    clock = Clock(NOON + timedelta(hours=1))
    send_all(webhook(is_keyed=False, now=clock), now=clock)
    row = Message.objects.get()
    assert (row.state, row.resends) == ("sent", 1)
    with pytest.raises(BadInput) as told:
        settle_unknown("decision-1", was_sent=True, acting=admin, now=NOON)
    assert told.value.code == "move_not_open"


def test_a_receipt_settles_what_nobody_knew(doubted):
    _told((1, "delivered"))
    assert Message.objects.get().state == "sent"
    assert reads.in_doubt() == ()


# --- switches and health


def test_a_connector_that_is_switched_off_sends_nothing_until_it_is_on(gateway, webhook, welcome, admin, manager):
    put_some(1)
    with pytest.raises(BadInput) as told:
        switch_connector("push", is_on=False, acting=manager, now=NOON)
    assert told.value.code == "not_allowed"
    assert switch_connector("push", is_on=False, acting=admin, now=NOON)
    assert not switch_connector("push", is_on=False, acting=admin, now=NOON)
    assert send_all(webhook()) == {}
    (seen,) = reads.health([webhook()], since=NOON, now=NOON + timedelta(minutes=2))
    assert (seen.health, seen.waiting, seen.due, seen.longest_wait_seconds) == ("off", 1, 1, 120)

    assert switch_connector("push", is_on=True, acting=admin, now=NOON)
    assert send_all(webhook()) == {"sent": 1}


def test_health_says_what_went_wrong_and_how_long_it_waits(gateway, webhook, welcome):
    clock = Clock()
    (seen,) = reads.health([webhook()], since=NOON, now=NOON)
    assert (seen.kind, seen.health, seen.sent, seen.error) == ("webhook", "idle", 0, {})

    put_some(1)
    gateway.says = [(500, b"out of order\0")] * 3
    for wait in (2, 4, 8):
        send_all(webhook(now=clock), now=clock)
        clock.pass_(seconds=wait)
    (seen,) = reads.health([webhook()], since=NOON, now=NOON)
    assert (seen.health, seen.failures, seen.error) == ("failing", 3, {"code": "status_500", "message": "500 out of order"})
    send_all(webhook(now=clock), now=clock)
    (seen,) = reads.health([webhook()], since=NOON, now=clock())
    assert (seen.health, seen.sent, seen.failures) == ("well", 1, 0)


# --- where users are reached


def test_the_exchange_is_asked_for_addresses_by_a_signed_call(gateway):
    gateway.says = [(200, b'{"addresses": {"ann": "ann@example.com", "bob": 7, "cem": "a\\nb", "eve": "eve@example.com"}}')]
    poster = Poster(HERE, gateway.url)
    assert Asked(poster, KEY, Clock()).of("email", ["ann", "bob", "cem", "dan"]) == {"ann": "ann@example.com"}
    poster.close()
    (call,) = gateway.calls
    assert call.json == {"channel": "email", "users": ["ann", "bob", "cem", "dan"]}
    assert verify([KEY], call.headers, call.body, now=NOON).startswith("addresses-")


@pytest.mark.parametrize("answer", [(500, b""), (200, b"<html>"), (200, b"[]"), (200, b'{"addresses": 3}'), (404, b""), None])
def test_when_the_exchange_does_not_answer_for_addresses_all_wait(gateway, webhook, welcome, answer):
    put_some(2)
    gateway.says = [answer]
    poster = Poster(HERE, gateway.url, timeout=1.0)
    assert send_all(webhook(needs_addresses=True), addresses=Asked(poster, KEY, Clock())) == {"queued": 2}
    poster.close()
    assert set(Message.objects.values_list("reason", flat=True)) == {"addresses_unreachable"}


def test_a_dropped_file_is_read_again_when_it_changes(tmp_path):
    file = tmp_path / "addresses.csv"
    dropped = Dropped(file)
    with pytest.raises(SpringtideError) as told:
        dropped.of("email", ["ann"])
    assert told.value.code == "addresses_unreachable"
    file.write_text("user_id,channel,address\nann,email,ann@example.com\nann,push,tok\nbob,email,\n", encoding="utf-8-sig")
    assert dropped.of("email", ["ann", "bob"]) == {"ann": "ann@example.com"}
    file.write_text("user_id,channel,address\nann,email,ann.new@example.com\n")
    assert dropped.of("email", ["ann"]) == {"ann": "ann.new@example.com"}


def test_contacts_are_sealed_in_the_database_and_opened_with_the_key_alone(manager, admin):
    rows = [("ann", "email", "ann@example.com"), ("ann", "push", "token"), ("bob", "email", "bob@example.com")]
    with pytest.raises(BadInput):
        load_contacts(rows, key=KEY, now=NOON, acting=manager)
    assert load_contacts(rows, key=KEY, now=NOON, acting=admin) == 3
    assert load_contacts([("ann", "email", "new@example.com"), ("bob", "email", "")], key=KEY, now=NOON) == 2

    assert Sealed(KEY).of("email", ["ann", "bob", "cem"]) == {"ann": "new@example.com"}
    with connection.cursor() as cursor:
        cursor.execute("select sealed from delivery_contact")
        assert not any(b"example" in bytes(sealed) for (sealed,) in cursor.fetchall())
    assert "example" not in str(list(AuditRow.objects.values_list("details", flat=True)))

    theirs = Contact.objects.get(channel="push")
    Contact.objects.filter(channel="email").update(sealed=theirs.sealed)  # one address in another's place
    with pytest.raises(SpringtideError) as told:
        Sealed(KEY).of("email", ["ann"])
    assert told.value.code == "bad_seal"


def test_a_seal_hides_and_holds():
    sealed = seal(KEY, "ann@example.com", "email/ann")
    assert unseal(KEY, sealed, "email/ann") == "ann@example.com"
    assert seal(KEY, "ann@example.com", "email/ann") != sealed
    changed = (sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:], sealed[:-1], b"", sealed[:40])
    for wrong in changed:
        with pytest.raises(SpringtideError):
            unseal(KEY, wrong, "email/ann")
    for key, of in ((b"k" * 32, "email/ann"), (KEY, "email/bob")):
        with pytest.raises(SpringtideError):
            unseal(key, sealed, of)
    long = "ü" * 5_000
    assert unseal(KEY, seal(KEY, long, ""), "") == long


@pytest.mark.parametrize(("row", "code"), [(("ann", "fax", "1"), "unknown_channel"), (("ann", "email", "a\nb"), "bad_address")])
def test_a_bad_line_of_contacts_loads_nothing(row, code):
    with pytest.raises(BadInput) as told:
        load_contacts([("bob", "email", "bob@example.com"), row], key=KEY, now=NOON)
    assert told.value.code == code
    assert "Line 2" in told.value.message
    assert not Contact.objects.exists()
