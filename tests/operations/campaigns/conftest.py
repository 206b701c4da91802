"""A small exchange whose users campaigns address, and the people who draft, approve and stop them."""

import shutil
from datetime import date, timedelta

import pytest
import yaml

from springtide.home import Home
from springtide.kernel.settings import HomeSettings
from springtide.operations.campaigns import reads
from springtide.operations.campaigns.actions import approve_campaign, draft_campaign, launch_campaign, submit_campaign
from springtide.operations.members.models import Approval
from tests.exchange import Exchange
from tests.operations.conftest import NOON

DAY = date(2026, 3, 30)  # the last closed day: the tests act at noon of the next
SOON = NOON + timedelta(minutes=10)

USERS = """
    user       registered_at  status  user_type  marketing_consent  country  timezone       language
    ann        2026-01-01     active  retail     true               DE       Europe/Berlin  en
    bob        2026-01-01     active  retail     true               CN       -              zh
    carol      2026-01-01     active  retail     false              FR       Europe/Paris   fr
    dan        2026-01-01     frozen  retail     true               DE       -              en
    eve        2026-01-01     active  employee   true               DE       -              en
    fay        2026-03-25     active  retail     true               US       -              en
    gil        2026-01-01     active  retail     -                  DE       -              en
"""
TRADES = """
    user  executed_at       market    quote  notional_usdt
    ann   2026-03-29T10:00  BTC-USDT  USDT   100
    bob   2026-03-20T10:00  BTC-USDT  USDT   100
    carol 2026-03-20T10:00  BTC-USDT  USDT   100
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
    Home.create(path, HomeSettings(threads=1))
    exchange = Exchange.at(path)
    exchange.has("users", USERS)
    exchange.has("spot_trades", TRADES)
    exchange.states("restrictions")
    exchange.closes(DAY)
    exchange.engine.close()
    return path


@pytest.fixture
def home(settings, tmp_path, closed_home):
    """A copy of it that the test may write to."""
    path = tmp_path / "home"
    shutil.copytree(closed_home, path)
    settings.SPRINGTIDE_HOME = path
    return Home(path)


@pytest.fixture
def drafter(member_of):
    return member_of("manager")


@pytest.fixture
def approver(member_of):
    return member_of("approver")


@pytest.fixture
def drafted(home, drafter):
    """Drafts a campaign: `drafted(budget_usdt=…)`."""

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
