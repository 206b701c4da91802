"""A plan's budget with a campaign's inside, an offer, and rewards by the dozen."""

from __future__ import annotations

import pytest

from springtide.kernel.money import micro
from springtide.operations.rewards.actions import publish_offer
from springtide.operations.rewards.budgets import open_budget
from springtide.operations.rewards.caps import NewReward
from springtide.operations.rewards.models import Budget
from tests.operations.conftest import NOON

TEN = micro(10)


@pytest.fixture
def offer(db):
    """Up to 10 USDT of fees, without conditions, as often as one likes."""
    return publish_offer(
        "fees-10",
        title="10 USDT of fees",
        kind="fee_voucher",
        amount_usdt=TEN,
        terms={"per_user": 1000, "per_cluster": 1000},
        acting=None,
        now=NOON,
    )


@pytest.fixture
def budgets(db):
    """A plan of 100 USDT with two campaigns of 80 and 50 inside."""
    open_budget("april", title="April", kind="plan", amount_usdt=10 * TEN, acting=None, now=NOON)
    open_budget("win-back", title="Win back", kind="campaign", amount_usdt=8 * TEN, parent="april", acting=None, now=NOON)
    open_budget("first-trade", title="First trade", kind="campaign", amount_usdt=5 * TEN, parent="april", acting=None, now=NOON)


@pytest.fixture
def promise(offer):
    """Makes a reward that is not yet reserved: named like its user, who stands alone."""

    def make(user, *, amount=TEN, budget="win-back", campaign="", person="", key=""):
        return NewReward(
            key or f"{budget}:{user}", user, person or user, offer.content_hash, amount, campaign or budget, budget
        )

    return make


def balances(key):
    """What stands in each account of a budget, in USDT, those with nothing left out."""
    budget = Budget.objects.get(key=key)
    held = {
        name: getattr(budget, f"{name}_usdt")
        for name in ("budget", "reserved", "granted", "consumed", "expired", "clawed_back")
    }
    return {name: amount / 1_000_000 for name, amount in held.items() if amount}
