"""The inbox, receipts, consent, templates and connectors over the API: who may, what is signed, what comes twice."""

import base64
import json

import pytest
from django.test import Client

from springtide.kernel import clock
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery.actions import put
from springtide.operations.delivery.connectors.inbox import Inbox
from springtide.operations.delivery.models import Receipt, Withdrawal
from springtide.operations.delivery.signing import signed
from tests.operations.delivery.conftest import WELCOME, Clock, message, send_all

KEY = b"a key of at least twenty-four bytes"
SETTINGS = """
allowed_hosts = ["push.example.com"]
[connectors.push]
kind = "webhook"
channel = "push"
url = "https://push.example.com/"
secret = "env:PUSH"
"""


@pytest.fixture
def admin(program_of, serves, home, monkeypatch):
    monkeypatch.setenv("PUSH", "whsec_" + base64.b64encode(KEY).decode())
    return program_of("admin")


@pytest.fixture
def home(settings, tmp_path):
    settings.SPRINGTIDE_HOME = tmp_path
    (tmp_path / "delivery.toml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def letters(db, home):
    now = clock.now()
    publish_definition("message_template", "welcome", title="Welcome", body=WELCOME, acting=None, now=now)
    put([message(n, channel="inbox", user_id="ann", due_at=now) for n in (1, 2)], now=now)
    send_all(Inbox(), now=Clock(now))


def post_json(program, address, data):
    return program.post(address, json.dumps(data), content_type="application/json")


def test_an_app_fetches_a_users_letters_and_says_which_were_read(admin, letters):
    told = admin.get("inbox/ann")
    assert [each["subject"] for each in told] == ["Welcome, User 1", "Welcome, User 2"]
    assert admin.get("inbox/ann", after=told[0]["number"]) == told[1:]
    assert admin.get("inbox/bob") == []

    assert post_json(admin, "inbox/ann/read", {"keys": ["decision-1"]}) == {"changed": 1}
    assert post_json(admin, "inbox/ann/read", {"keys": ["decision-1"]}) == {"changed": 0}
    assert post_json(admin, "inbox/bob/read", {"keys": ["decision-2"]}) == {"changed": 0}


def test_receipts_come_with_a_token(admin, letters):
    at = clock.now().isoformat()
    told = {"receipts": [{"key": key, "outcome": "delivered", "at": at} for key in ("decision-1", "decision-9")]}
    assert post_json(admin, "receipts", told) == {"new": 1, "known": 0, "unknown": ["decision-9"]}
    assert post_json(admin, "receipts", told) == {"new": 0, "known": 1, "unknown": ["decision-9"]}


@pytest.mark.parametrize(
    "receipt",
    [{"key": "decision-1"}, {"key": "decision-1", "outcome": "seen", "at": "2026-03-31T12:00:00Z"}, {"key": "a b"}, 3],
)
def test_what_is_no_receipt_is_refused(admin, letters, receipt):
    assert post_json(admin, "receipts", {"receipts": [receipt]})["code"] == "bad_request"
    assert not Receipt.objects.exists()


def _signed(body, *, key=KEY, at=None, connector="push"):
    headers = signed(key, "told-1", body, now=at or clock.now())
    return Client().post(f"/api/v1/receipts/{connector}", body, content_type="application/json", headers=headers)


def test_receipts_come_signed_without_a_token(admin, letters):
    body = json.dumps({"receipts": [{"key": "decision-1", "outcome": "clicked", "at": clock.now().isoformat()}]}).encode()
    assert _signed(body).json() == {"new": 1, "known": 0, "unknown": []}
    assert _signed(body).json() == {"new": 0, "known": 1, "unknown": []}


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"key": b"some other key of enough bytes"}, 401, "bad_signature"),
        ({"at": clock.now().replace(year=2020)}, 401, "stale_call"),
        ({"connector": "inbox"}, 401, "bad_signature"),  # nothing of which connectors there are
        ({"connector": "nothing"}, 401, "bad_signature"),
    ],
)
def test_receipts_of_strangers_are_refused(admin, letters, more, status, code):
    told = _signed(b'{"receipts": []}', **more)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b'{"receipts": []}', b'{"receipts": [{"key": "x"}]}', b"\xff"])
def test_a_signed_body_that_cannot_be_read_says_where(admin, letters, body):
    told = _signed(body)
    assert (told.status_code, told.json()["code"]) == (422, "bad_request")


def test_a_flood_of_receipts_is_not_read(admin, letters):
    assert _signed(b" " * 3_000_000).status_code in (400, 413, 422)


def test_consent_is_withdrawn_and_given_back_and_told_in_order(admin):
    assert post_json(admin, "consent", {"user_id": "ann", "channel": "email", "is_withdrawn": True}) == {"changed": 1}
    assert post_json(admin, "consent", {"user_id": "bob", "is_withdrawn": True}) == {"changed": 1}
    told = admin.get("consent/withdrawn")
    assert [(each["user_id"], each["channel"], each["source"]) for each in told] == [
        ("ann", "email", "exchange"),
        ("bob", "", "exchange"),
    ]
    assert admin.get("consent/withdrawn", after=told[0]["number"]) == told[1:]
    assert post_json(admin, "consent", {"user_id": "ann", "is_withdrawn": False}) == {"changed": 1}
    assert Withdrawal.objects.count() == 1


def test_templates_are_told_and_shown_as_a_user_would_read_them(program_of, letters):
    program = program_of("analyst")
    (told,) = program.get("templates")
    assert (told["key"], told["version"], told["languages"], told["needed"]) == ("welcome", 1, ["en", "zh-hans"], ["amount"])
    assert program.get("templates/welcome")["content_hash"] == told["content_hash"]
    shown = post_json(program, "templates/welcome/preview", {"language": "zh-CN", "variables": {"name": "{{ 7 }}"}})
    assert (shown["language"], shown["subject"]) == ("zh-hans", "{{ 7 }},欢迎")
    assert program.get("templates/welcom")["code"] == "unknown_definition"
    assert post_json(program, "templates/welcome/preview", {"version": 9})["code"] == "unknown_definition"


def test_connectors_say_how_they_are_and_are_switched(admin):
    told = admin.get("connectors")
    assert [(each["name"], each["kind"], each["health"]) for each in told] == [
        ("push", "webhook", "idle"),
        ("inbox", "inbox", "idle"),
    ]
    assert post_json(admin, "connectors/push", {"is_on": False}) == {"changed": 1}
    assert admin.get("connectors")[0]["health"] == "off"
    assert post_json(admin, "connectors/pusch", {"is_on": False})["code"] == "unknown_connector"


@pytest.mark.parametrize("role", ["manager", "operator", "analyst", "qc_reviewer", "approver"])
def test_who_may_not_touch_delivery(program_of, home, role):
    program = program_of(role)
    for address in ("inbox/ann", "consent/withdrawn"):
        assert program.get(address)["code"] == "not_allowed"
    for address, data in [
        ("receipts", {"receipts": [{"key": "x", "outcome": "opened", "at": "2026-03-31T12:00:00Z"}]}),
        ("consent", {"user_id": "ann", "is_withdrawn": True}),
        ("connectors/push", {"is_on": False}),
        ("inbox/ann/read", {"keys": ["x"]}),
    ]:
        assert post_json(program, address, data)["code"] == "not_allowed"
