"""A small exchange whose users campaigns address, and the people who draft, approve and stop them."""

import shutil
from datetime import date, timedelta

import pytest
import yaml

from springtide.home import Home
from springtide.kernel.settings import HomeSettings
from springtide.operations.campaigns import reads
from springtide.operations.campaigns.actions import approve_campaign, draft_campaign, launch_campaign, submit_campaign
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.definitions.reads import hash_in_force
from springtide.operations.members.models import Approval
from tests.exchange import Exchange
from tests.operations.conftest import NOON

STATED = ("restrictions", "links", "referrals", "transfers", "reward_entries", "contract_trades", "user_status_history")
DAY = date(2026, 3, 30)  # the last closed day: the tests act at noon of the next
SOON = NOON + timedelta(minutes=10)

USERS = """
    user       registered_at  status  user_type  marketing_consent  country  jurisdiction  timezone       language  kyc_level
    ann        2025-12-15     active  retail     true               DE       DE            Europe/Berlin  en        2
    bob        2025-12-15     active  retail     true               TW       TW            -              zh        2
    carol      2025-12-15     active  retail     false              FR       FR            Europe/Paris   fr        2
    dan        2025-12-15     frozen  retail     true               DE       DE            -              en        2
    eve        2025-12-15     active  employee   true               DE       DE            -              en        2
    fay        2025-12-15     active  retail     true               TW       TW            -              en        2
    gil        2025-12-15     active  retail     -                  DE       DE            -              en        2
    hal        2025-12-15     active  retail     true               TW       TW            -              en        2
"""
TRADES = """
    user  executed_at       market    quote  notional_usdt  fee_usdt
    ann   2026-03-29T10:00  BTC-USDT  USDT   100            400
    bob   2026-03-20T10:00  BTC-USDT  USDT   100            400
    carol 2026-03-20T10:00  BTC-USDT  USDT   100            400
    fay   2026-03-28T10:00  BTC-USDT  USDT   100            400
"""

BODY = """
objective: Bring back traders who went quiet
problem: low_activity
hypothesis: A fee voucher brings back one in ten
audience: {rule: "true"}
arms: [{key: voucher, weight: 1}, {key: word, weight: 1}]
steps:
  - {key: hello, do: message, channel: email, template: come_back}
measure: {primary: net_revenue, guardrails: [complaints_per_1000], window_days: 30, planned_users: 1000}
"""


def body(**changes):
    """The campaign of the tests, with other words where a test says so; null takes a key out."""
    said = {**yaml.safe_load(BODY), **changes}
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture(scope="session")
def closed_home(tmp_path_factory):
    """A small exchange, closed through DAY."""
    path = tmp_path_factory.mktemp("homes") / "small"
    home = Home.create(path, HomeSettings(threads=1))
    exchange = Exchange.at(path)
    exchange.has("users", USERS)
    exchange.has("spot_trades", TRADES)
    exchange.states(*STATED)
    exchange.engine.close()
    home.close(through=DAY, now=NOON)
    return path


@pytest.fixture
def home(settings, tmp_path, closed_home):
    """A copy of it that the test may write to."""
    path = tmp_path / "home"
    shutil.copytree(closed_home, path)
    settings.SPRINGTIDE_HOME = path
    return Home(path)


TEMPLATE = {
    "texts": {
        "en": {"subject": "Come back", "text": "You have been away. {{ offer_amount }}"},
        "zh": {"subject": "欢迎回来", "text": "好久不见。{{ offer_amount }}"},
    },
    "fallback": "en",
    "variables": {"offer_amount": {"missing": "leave_out"}},
}


@pytest.fixture
def drafter(member_of):
    return member_of("manager")


@pytest.fixture
def template(home, drafter):
    """Publishes a message template: `template("come_back")`."""

    def publish(key="come_back", **changes):
        seen = hash_in_force("message_template", key)
        said = TEMPLATE | changes
        return publish_definition("message_template", key, title=key, body=said, acting=drafter, now=NOON, seen=seen)

    return publish


@pytest.fixture
def approver(member_of):
    return member_of("approver")


@pytest.fixture
def drafted(home, drafter, template):
    """Drafts a campaign: `drafted(budget_usdt=…)`."""
    template()

    def draft(key="win_back", *, acting=drafter, **changes):
        return draft_campaign(key, title="Win back", body=body(**changes), acting=acting, now=NOON)

    return draft


def asked(campaign):
    """The approvals that a campaign waits for, by right."""
    return {each.right: each.pk for each in Approval.objects.filter(kind="campaign", number=campaign.pk, state="open")}


@pytest.fixture
def approved(drafted, drafter, approver):
    """Drafts, submits and has a campaign approved."""

    def through(key="win_back", **changes):
        campaign = drafted(key, **changes)
        submit_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=NOON)
        for approval in asked(campaign).values():
            approve_campaign(approval, seen=campaign.content_hash, acting=approver, now=NOON)
        return reads.handle(key)

    return through


@pytest.fixture
def launched(approved, drafter):
    """Launches a campaign."""

    def through(key="win_back", *, now=NOON, **changes):
        campaign = approved(key, **changes)
        launch_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=now)
        return campaign

    return through
