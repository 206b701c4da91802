"""The pages of messages and connectors: templates with previews, health, doubt, and the page on which a user unsubscribes."""

import threading

import pytest
from django.test import Client

from springtide.kernel import clock
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery.actions import put
from springtide.operations.delivery.connectors import Outcome
from springtide.operations.delivery.connectors.inbox import Inbox
from springtide.operations.delivery.dispatching import dispatch
from springtide.operations.delivery.models import ConnectorState, Message, Withdrawal
from springtide.operations.delivery.templates import read
from springtide.operations.delivery.unsubscribing import unsubscribe_url
from tests.desk.pages import text_of
from tests.operations.delivery.conftest import WELCOME, message

FORM = {
    "languages": "en zh-hans",
    "key": "welcome",
    "title": "Welcome",
    "fallback": "zh-hans",
    "subject:en": "Welcome, {{ name }}",
    "text:en": "Your bonus of {{ amount }} USDT waits.",
    "text:zh-hans": "{{ amount }} USDT 奖励等您领取。",
    "missing:name": "default",
    "default:name": "there",
    "missing:amount": "refuse",
    "example:amount": "25",
}


@pytest.fixture
def admin(browser_of):
    return browser_of("admin")


@pytest.fixture
def welcome(own_home, db):
    now = clock.now()
    return publish_definition("message_template", "welcome", title="Welcome", body=WELCOME, acting=None, now=now)


@pytest.fixture
def doubted(welcome):
    """A message of which nobody knows whether it went out."""
    now = clock.now()
    put([message(1, channel="chat", due_at=now)], now=now)

    class Lost(Inbox):
        channel, is_keyed, at_once = "chat", False, 1

        def send(self, letters):
            return [Outcome("unclear", "no_answer", "it hung up")] * len(letters)

    dispatch([Lost("bot")], live=lambda messages: {}, now=clock.now, stop=threading.Event())
    assert Message.objects.get().state == "unknown"


def test_a_template_is_written_previewed_in_both_languages_and_put_in_force(manager, own_home):
    assert "No template yet." in text_of(manager.get("/messages/"))
    shown = text_of(manager.post("/messages/preview/", FORM))
    assert "<strong>Welcome, there</strong>" in shown
    assert "25 USDT 奖励等您领取。" in shown
    assert 'name="missing:amount"' in shown

    assert manager.post("/messages/publish/", FORM).url == "/messages/of/welcome/"
    made = read("welcome")
    assert (made.version, made.fallback, made.variables["name"].default) == (1, "zh-hans", "there")
    assert "Welcome" in text_of(manager.get("/messages/"))
    page = text_of(manager.get("/messages/of/welcome/"))
    assert "Version 1" in page
    assert "奖励等您领取" in page


def test_another_version_is_put_in_force_only_over_the_one_that_was_seen(manager, welcome):
    assert manager.post("/messages/publish/", {**FORM, "seen": welcome.content_hash}).status_code == 302
    again = manager.post("/messages/publish/", {**FORM, "title": "Other", "seen": welcome.content_hash})
    assert again.status_code == 422
    assert "Somebody changed" in text_of(again)
    assert read("welcome").version == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text:en": "{{ name"}, "cannot be read"),
        ({"text:en": "{% include 'x' %}"}, "cannot be read"),
        ({"text:en": "", "subject:en": "x", "text:zh-hans": ""}, "has no &#x27;text&#x27;"),
        ({"text:en": "{% for i in (1..99999) %}x{% endfor %}"}, "was stopped"),
    ],
)
def test_what_cannot_be_rendered_says_why_while_it_is_typed(manager, own_home, change, says):
    assert says in text_of(manager.post("/messages/preview/", {**FORM, **change}))


def test_what_is_typed_stays_when_it_is_refused(manager, own_home):
    refused = manager.post("/messages/publish/", {**FORM, "text:en": "Half {{ name"})
    assert refused.status_code == 422
    assert "Half {{ name" in text_of(refused)


def test_a_preview_of_evil_values_is_text(manager, own_home):
    shown = text_of(manager.post("/messages/preview/", {**FORM, "example:amount": "<script>alert(1)</script>"}))
    assert "<script>alert" not in shown


def test_connectors_show_how_they_are_and_an_administrator_switches_them(admin, manager, own_home):
    page = text_of(manager.get("/admin/connectors/"))
    assert "nothing sent in a day" in page
    assert "Turn off" not in page
    assert "Turn off" in text_of(admin.get("/admin/connectors/"))
    admin.post("/admin/connectors/switch/", {"name": "inbox", "turn": "off"})
    assert not ConnectorState.objects.get(name="inbox").is_on
    assert "switched off" in text_of(admin.get("/admin/connectors/"))
    admin.post("/admin/connectors/switch/", {"name": "imbox", "turn": "off"})
    assert "There is no connector" in text_of(admin.get("/admin/connectors/"))
    assert manager.post("/admin/connectors/switch/", {"name": "inbox", "turn": "on"}).status_code == 403


def test_messages_that_no_connector_takes_are_told(manager, welcome):
    put([message(n, due_at=clock.now()) for n in range(3)], now=clock.now())
    assert "3 messages wait for a connector that delivery.toml does not name: Push." in text_of(
        manager.get("/admin/connectors/")
    )


def test_settings_that_cannot_be_used_are_told_on_the_page(admin, own_home):
    (own_home.path / "delivery.toml").write_text('[connectors.mail]\nkind = "smpt"\n')
    page = text_of(admin.get("/admin/connectors/"))
    assert "smpt" in page


def test_what_is_in_doubt_is_settled_by_an_administrator(admin, manager, doubted):
    assert "It went out" not in text_of(manager.get("/admin/connectors/"))
    assert "It went out" in text_of(admin.get("/admin/connectors/"))
    admin.post("/admin/connectors/settle/", {"key": "decision-1", "was": "sent"})
    assert Message.objects.get().state == "sent"
    admin.post("/admin/connectors/settle/", {"key": "decision-1", "was": "lost"})
    assert "not in doubt" in text_of(admin.get("/admin/connectors/"))


@pytest.mark.parametrize("role", ["qc_reviewer", "approver", "operator"])
def test_who_reads_templates_and_does_not_write_them(browser_of, welcome, role):
    client = browser_of(role)
    assert client.get("/messages/of/welcome/").status_code == 200
    assert "Put it in force" not in text_of(client.get("/messages/of/welcome/"))
    assert client.post("/messages/publish/", FORM).status_code == 403
    assert client.get("/admin/connectors/").status_code == 403


def test_a_user_unsubscribes_without_signing_in_and_opening_the_link_changes_nothing(own_home, db):
    address = unsubscribe_url("https://x.example.com", "ann", "email").removeprefix("https://x.example.com")
    stranger = Client(enforce_csrf_checks=True)
    assert "No more news and offers this way: E-mail?" in text_of(stranger.get(address))
    assert not Withdrawal.objects.exists()
    done = stranger.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert "Done." in text_of(done)
    assert list(Withdrawal.objects.values_list("user_id", "channel", "source")) == [("ann", "email", "link")]
    assert stranger.post(address).status_code == 200
    assert Withdrawal.objects.count() == 1


@pytest.mark.parametrize("token", ["x", "WyJlbWFpbCIsImFubiJd:forged", "%00"])
def test_a_link_that_was_made_up_ends_nothing(own_home, db, token):
    assert Client().post(f"/unsubscribe/{token}").status_code == 404
    assert not Withdrawal.objects.exists()
