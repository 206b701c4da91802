"""Mail, bots, files, the inbox: what each receives, and what its refusals and silences mean."""

import json
import socket
import warnings

import pytest

from springtide.operations.delivery import reads
from springtide.operations.delivery.actions import put, read_inbox
from springtide.operations.delivery.connectors import Letter
from springtide.operations.delivery.connectors.bot import Bot
from springtide.operations.delivery.connectors.files import Drop
from springtide.operations.delivery.connectors.inbox import Inbox
from springtide.operations.delivery.connectors.smtp import Smtp
from springtide.operations.delivery.models import ConnectorState, InboxItem, Message
from springtide.operations.delivery.posting import Poster
from springtide.operations.delivery.unsubscribing import who_unsubscribes
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import HERE, Clock, message, put_some, send_all

OUTSIDE = "https://springtide.example.com"


def letter(n=1, **more):
    given = {
        "message_id": n,
        "key": f"decision-{n}",
        "user_id": f"user {n}",
        "message_class": "promotional",
        "address": f"user{n}@example.com",
        "language": "en",
        "subject": "Welcome",
        "text": "Hello.",
        "html": "",
        "unsubscribe_url": "",
    }
    return Letter(**{**given, **more})


class Addresses:
    """Knows everybody but the third."""

    def of(self, channel, user_ids):
        return {user: f"{user.replace(' ', '')}@example.com" for user in user_ids if user != "user 3"}


def outcomes(connector, *letters):
    try:
        return [(each.kind, each.code) for each in connector.send(letters)]
    finally:
        connector.close()


# --- mail


class Mailbox:
    """A mail server that keeps what it takes, and answers as it is told to."""

    port = 0

    def __init__(self):
        self.mails, self.rcpt, self.data = [], "250 OK", "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 – aiosmtpd's name
        if self.rcpt == "250 OK":
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.data != "250 OK":
            if self.data == "hang up":
                self.mails.append(envelope.content.decode())
                server.transport.abort()
            return self.data
        self.mails.append(envelope.content.decode())
        return "250 OK"


@pytest.fixture
def mailbox():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from aiosmtpd.controller import Controller

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        box = Mailbox()
        controller = Controller(box, hostname="127.0.0.1", port=port)
        controller.start()
        box.port = port
        try:
            yield box
        finally:
            controller.stop()


def smtp(mailbox, **more):
    given = {"sender": "news@example.com", "sender_name": "Example", "tls": "none", "now": Clock()}
    return Smtp("mail", HERE, "127.0.0.1", mailbox.port, **{**given, **more})


@pytest.mark.django_db
def test_a_mail_has_its_headers_both_texts_and_a_way_out(mailbox, welcome):
    put_some(3, channel="email")
    connector = smtp(mailbox)
    assert send_all(connector, addresses=Addresses(), public_url=OUTSIDE) == {"sent": 2, "refused": 1}
    connector.close()

    assert Message.objects.get(key="decision-3").reason == "no_address"
    mail = mailbox.mails[0]
    head, text = mail.split("\r\n\r\n", 1)
    assert "From: Example <news@example.com>\r\nTo: user1@example.com\r\nSubject: Welcome, User 1\r\n" in head
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    url = head.split("List-Unsubscribe: <")[1].split(">")[0]
    assert who_unsubscribes(url.removeprefix(f"{OUTSIDE}/unsubscribe/")) == ("user 1", "email")
    assert text.strip() == "Your bonus of 25 USDT waits."


@pytest.mark.django_db
def test_a_service_mail_has_no_way_out_and_no_link_leads_nowhere(mailbox, welcome):
    put([message(1, channel="email", message_class="service")], now=NOON)
    connector = smtp(mailbox)
    send_all(connector, addresses=Addresses(), public_url=OUTSIDE)
    connector.close()
    assert "List-Unsubscribe" not in mailbox.mails[0]


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ({"rcpt": "550 No such user"}, ("rejected", "smtp_550")),
        ({"rcpt": "451 Come back later"}, ("later", "smtp_451")),
        ({"data": "554 Spam"}, ("rejected", "smtp_554")),
        ({"data": "452 Full"}, ("later", "smtp_452")),
        ({"data": "hang up"}, ("unclear", "no_answer")),
    ],
)
def test_what_each_answer_of_a_mail_server_means(mailbox, says, outcome):
    vars(mailbox).update(says)
    assert outcomes(smtp(mailbox), letter()) == [outcome]


def test_a_mail_server_that_is_not_there_or_offers_no_tls_got_nothing(mailbox):
    assert outcomes(smtp(mailbox, tls="starttls"), letter()) == [("later", "no_answer")]
    mailbox.port = 1
    assert outcomes(smtp(mailbox), letter()) == [("later", "no_answer")]
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "more",
    [
        {"address": "a@example.com\r\nBcc: b@example.com"},
        {"address": "a@example.com>\r\nRCPT TO:<b@example.com"},
        {"address": "no address"},
        {"address": "jörg@example.com"},
        {"subject": "Hi\r\nBcc: b@example.com"},
        {"unsubscribe_url": "https://x\r\nBcc: b@example.com"},
    ],
)
def test_no_value_begins_a_header_or_a_command_of_its_own(mailbox, more):
    assert outcomes(smtp(mailbox), letter(**more)) == [("rejected", "bad_address")]
    assert mailbox.mails == []


# --- a bot


def bot(gateway, **more):
    return Bot("bot", Poster(HERE, gateway.url.removesuffix("/messages"), timeout=1.0), "12:SECRET", **more)


def test_a_bot_says_subject_and_text_in_the_chat(gateway):
    gateway.says = [(200, b'{"ok": true, "result": {"message_id": 77}}')]
    connector = bot(gateway)
    (told,) = connector.send([letter(address="4711")])
    connector.close()

    assert (told.kind, told.reference) == ("sent", "77")
    assert gateway.calls[0].path == "/bot12:SECRET/sendMessage"
    assert (gateway.calls[0].json["chat_id"], gateway.calls[0].json["text"]) == ("4711", "Welcome\n\nHello.")
    assert "SECRET" not in repr(connector)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((403, b'{"ok": false, "description": "bot was blocked by the user"}'), ("rejected", "status_403")),
        ((400, b'{"ok": false, "description": "chat not found"}'), ("rejected", "status_400")),
        ((429, b'{"ok": false, "parameters": {"retry_after": 3}}'), ("later", "status_429")),
        ((401, b'{"ok": false}'), ("later", "status_401")),
        ((500, b'{"ok": false}'), ("unclear", "status_500")),
        ((200, b"<html>"), ("unclear", "garbage_answer")),
        ((200, b"[]"), ("unclear", "garbage_answer")),
        ((200, b'{"ok": true}'), ("unclear", "garbage_answer")),
        (None, ("unclear", "no_answer")),
    ],
)
def test_what_each_answer_of_a_bots_api_means(gateway, answer, outcome):
    gateway.says = [answer]
    assert outcomes(bot(gateway), letter()) == [outcome]


@pytest.mark.django_db
def test_a_chat_message_that_may_have_gone_out_is_left_to_a_member(gateway, welcome):
    put_some(2, channel="chat")
    gateway.says = [None, (200, b'{"ok": true, "result": {"message_id": 78}}')]
    clock, connector = Clock(), bot(gateway)
    send_all(connector, addresses=Addresses(), now=clock)
    clock.pass_(hours=1)
    send_all(connector, addresses=Addresses(), now=clock)
    connector.close()

    assert list(Message.objects.order_by("key").values_list("state", "reference")) == [("unknown", ""), ("sent", "78")]
    assert [each.key for each in reads.in_doubt()] == ["decision-1"]
    assert len(gateway.calls) == 2


# --- files


@pytest.mark.django_db
def test_a_file_has_a_line_a_letter_and_the_same_name_for_the_same_letters(tmp_path, welcome):
    put_some(2, channel="sms")
    connector = Drop("sms", "sms", tmp_path / "out")
    send_all(connector)

    (file,) = (tmp_path / "out").iterdir()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(line["key"], line["subject"]) for line in lines] == [
        ("decision-1", "Welcome, User 1"),
        ("decision-2", "Welcome, User 2"),
    ]
    assert file.stat().st_mode & 0o077 == 0
    assert "message_id" not in lines[0]
    connector.send([letter(1), letter(2)])
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_folder_that_cannot_be_written_to_is_tried_again(tmp_path):
    (tmp_path / "out").write_text("in the way")
    assert outcomes(Drop("sms", "sms", tmp_path / "out"), letter()) == [("later", "no_folder")]


# --- the inbox


@pytest.mark.django_db
def test_letters_lie_in_the_inbox_once_are_fetched_in_order_and_read(welcome):
    put([message(n, channel="inbox", user_id="ann") for n in (1, 2, 3)] + [message(4, channel="inbox")], now=NOON)
    send_all(Inbox())
    send_all(Inbox())

    letters = reads.inbox("ann")
    assert [each.subject for each in letters] == ["Welcome, User 1", "Welcome, User 2", "Welcome, User 3"]
    assert reads.inbox("ann", after=letters[1].number) == letters[2:]
    assert InboxItem.objects.count() == 4

    assert read_inbox("ann", ["decision-1", "decision-4", "nothing"], now=NOON) == 1
    assert read_inbox("ann", ["decision-1"], now=NOON) == 0
    assert [each.read_at for each in reads.inbox("ann")] == [NOON, None, None]
    assert reads.messages_to("ann")[2].outcomes == ("opened",)


# --- several at a time


@pytest.mark.django_db
def test_a_connector_that_is_down_does_not_stop_the_others(gateway, webhook, welcome):
    put_some(2)
    put([message(5, channel="inbox")], now=NOON)
    gateway.says = [(503, b""), (503, b"")]

    assert send_all(webhook(), Inbox()) == {"queued": 2, "sent": 1}
    assert {each.name: each.failures for each in ConnectorState.objects.all()} == {"push": 1, "inbox": 0}
