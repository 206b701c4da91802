"""delivery.toml is read once, typed, refused loudly; secrets stand elsewhere."""

import base64
import re
from pathlib import Path

import pytest
import yaml

from springtide.kernel.errors import SpringtideError
from springtide.operations.delivery import templates
from springtide.operations.delivery.connectors.files import Drop
from springtide.operations.delivery.connectors.smtp import Smtp
from springtide.operations.delivery.connectors.webhook import Webhook
from springtide.operations.delivery.settings import read_delivery
from tests.operations.delivery.conftest import KEY

WHOLE = """
public_url = "https://springtide.example.com"
allowed_hosts = ["push.example.com", "mail.example.com", "api.telegram.org"]

[addresses]
kind = "exchange"
url = "https://push.example.com/addresses"
secret = "env:PUSH"

[connectors.push]
kind = "webhook"
channel = "push"
url = "https://push.example.com/messages"
secret = "env:PUSH"
batch = 100
rate_per_second = 500

[connectors.mail]
kind = "smtp"
host = "mail.example.com"
sender = "news@example.com"
user = "news"
password = "env:MAIL"

[connectors.bot]
kind = "bot"
url = "https://api.telegram.org"
token = "file:{folder}/token"
on_unknown = "resend"

[connectors.text]
kind = "file"
channel = "sms"
"""


@pytest.fixture
def secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("PUSH", "whsec_" + base64.b64encode(KEY).decode())
    monkeypatch.setenv("MAIL", "a password")
    (tmp_path / "token").write_text("12:SECRET\n")


@pytest.fixture
def written(tmp_path, secrets):
    def write(text):
        (tmp_path / "delivery.toml").write_text(text.replace("{folder}", str(tmp_path)), encoding="utf-8")
        return tmp_path

    return write


def test_without_settings_there_is_the_inbox_and_nothing_leaves_the_house(tmp_path, monkeypatch):
    monkeypatch.setenv("SPRINGTIDE_URL", "https://here.example.com")
    told = read_delivery(tmp_path)
    assert [(each.name, each.channel) for each in told.connectors] == [("inbox", "inbox")]
    assert (told.addresses, told.public_url) == (None, "https://here.example.com")


def test_every_connector_is_made_as_it_is_written(written, tmp_path):
    told = read_delivery(written(WHOLE))

    push, mail, bot, text, inbox = told.connectors
    assert isinstance(push, Webhook)
    assert (push.name, push.channel, push.at_once, push.rate_per_second, push.is_keyed) == ("push", "push", 100, 500.0, True)
    assert isinstance(mail, Smtp)
    assert (mail.port, mail.tls, mail.password, mail.is_keyed, mail.on_unknown) == (
        587,
        "starttls",
        "a password",
        False,
        "keep",
    )
    assert (bot.rate_per_second, bot.on_unknown, inbox.channel) == (25.0, "resend", "inbox")
    assert isinstance(text, Drop)
    assert text.folder == tmp_path / "outbox" / "text"
    assert told.receipt_keys == {"push": (KEY,), "mail": (), "bot": (), "text": ()}
    assert not any(secret in repr(told) for secret in ("a password", "12:SECRET"))


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        ('kind = "smtp"', 'kind = "smpt"', "bad_setting"),
        ('channel = "push"', 'channel = "push"\ncolour = "red"', "bad_setting"),
        ("batch = 100", "batch = 101", "bad_setting"),
        ("batch = 100", 'batch = "many"', "bad_setting"),
        ("batch = 100", "batch = true", "bad_setting"),
        ("rate_per_second = 500", "rate_per_second = 0", "bad_setting"),
        ('on_unknown = "resend"', 'on_unknown = "hope"', "bad_setting"),
        ('channel = "sms"', 'channel = "push"', "bad_setting"),
        ('host = "mail.example.com"', "", "bad_setting"),
        ('host = "mail.example.com"', 'host = "169.254.169.254"', "host_not_allowed"),
        ("https://push.example.com/messages", "https://elsewhere.example.com/", "host_not_allowed"),
        ("https://push.example.com/messages", "http://push.example.com/", "bad_url"),
        ('password = "env:MAIL"', 'password = "hunter2"', "bad_secret"),
        ('password = "env:MAIL"', 'password = "env:NOTHING"', "bad_secret"),
        ('secret = "env:PUSH"\nbatch', 'secret = "env:MAIL"\nbatch', "bad_secret"),
        ('kind = "exchange"', 'kind = "oracle"', "bad_setting"),
        ("[addresses]\n", "[adresses]\n", "bad_setting"),
        ('allowed_hosts = ["push', 'private_networks = ["10.0.0.1/8"]\nallowed_hosts = ["push', "bad_setting"),
        ("[connectors.push]", "[connectors.push", "bad_setting"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_name(written, was, becomes, code):
    assert was in WHOLE
    with pytest.raises(SpringtideError) as told:
        read_delivery(written(WHOLE.replace(was, becomes)))
    assert (told.value.code, bool(told.value.hint)) == (code, True)
    assert "hunter2" not in str(told.value)


def test_mail_needs_somebody_who_knows_addresses(written):
    start, end = WHOLE.index("[addresses]"), WHOLE.index("[connectors.push]")
    with pytest.raises(SpringtideError) as told:
        read_delivery(written(WHOLE[:start] + WHOLE[end:]))
    assert "needs addresses" in told.value.message


def test_the_settings_and_the_template_on_the_page_about_delivery_can_be_used(written, monkeypatch):
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "deliver.md").read_text(encoding="utf-8")
    settings, template = (re.search(rf"```{kind}\n(.*?)```", page, re.S) for kind in ("toml", "yaml"))
    assert settings
    assert template
    monkeypatch.setenv("BOT_TOKEN", "12:SECRET")
    for name in ("ADDRESSES_SECRET", "PUSH_SECRET"):
        monkeypatch.setenv(name, "whsec_" + base64.b64encode(KEY).decode())
    told = read_delivery(written(settings[1].replace("/run/secrets/mail", "{folder}/token")))
    assert [each.channel for each in told.connectors] == ["push", "email", "chat", "sms", "inbox"]
    made = templates.of_body("welcome", yaml.safe_load(template[1]))
    assert templates.needed(made) == ("amount",)
