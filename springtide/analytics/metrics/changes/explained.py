"""Which changes can be explained: each metric with what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from springtide.analytics.metrics.changes.parts import COUNT_UNIT, MONEY_UNIT, RATIO_UNIT
from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import MICRO

Unit = Literal["users", "usdt", "ratio"]
Lengths = Literal["by_day", "any", "equal"]


@dataclass(frozen=True)
class Explained:
    """A metric over a period.

    numerator, denominator    sums over the users of the period (see change_users.sql); without a denominator it is a sum
    factors                   (name, sum) of the chain whose last is the numerator: a product of means
    lengths                   periods of unequal length are told apart `by_day`, do not matter (`any`), or make no sense (`equal`)
    needs                     profile columns that stand for what must have been given
    """

    key: str
    asks: str
    unit: Unit
    numerator: str
    denominator: str | None = None
    factors: tuple[tuple[str, str], ...] = ()
    lengths: Lengths = "by_day"
    needs: tuple[str, ...] = ()

    @property
    def step(self) -> Decimal:
        """The smallest step in which it is told."""
        return {"users": COUNT_UNIT, "usdt": MONEY_UNIT, "ratio": RATIO_UNIT}[self.unit]

    @property
    def scale(self) -> int:
        """How many of its numerator make one: money is kept in 1e-6 USDT, and cancels in a ratio of money."""
        return MICRO if self.unit == "usdt" else 1


_TRADES = (("traders", "traders"), ("trades per trader", "trades"), ("size of a trade", "volume_usdt"))
_MONEY = ("net_revenue_30d_usdt",)

EXPLAINED: tuple[Explained, ...] = (
    Explained("active_traders", "How many users traded?", "users", "traders", lengths="equal", needs=("last_trade_on",)),
    Explained("registrations", "How many users registered?", "users", "registrants"),
    Explained(
        "first_deposits",
        "How many users deposited for the first time?",
        "users",
        "first_depositors",
        needs=("first_deposit_on",),
    ),
    Explained(
        "volume", "How much was traded?", "usdt", "volume_usdt", factors=_TRADES, needs=("volume_30d_usdt", "trades_30d")
    ),
    Explained("spot_volume", "How much was traded on spot?", "usdt", "spot_volume_usdt", needs=("volume_30d_usdt",)),
    Explained(
        "contract_volume", "How much was traded on contracts?", "usdt", "contract_volume_usdt", needs=("volume_30d_usdt",)
    ),
    Explained(
        "fees",
        "What did users pay in fees?",
        "usdt",
        "fees_usdt",
        factors=(*_TRADES, ("take rate", "fees_usdt")),
        needs=("fees_30d_usdt",),
    ),
    Explained(
        "net_revenue",
        "What did users bring, after what was paid for it?",
        "usdt",
        "net_revenue_usdt",
        factors=(*_TRADES, ("net take rate", "net_revenue_usdt")),
        needs=_MONEY,
    ),
    Explained(
        "net_deposits", "How much more was paid in than out?", "usdt", "net_deposit_usdt", needs=("net_deposit_30d_usdt",)
    ),
    Explained("arpu", "What did a trader bring?", "usdt", "net_revenue_usdt", "traders", lengths="equal", needs=_MONEY),
    Explained(
        "take_rate",
        "What share of volume became fees?",
        "ratio",
        "fees_usdt",
        "volume_usdt",
        lengths="any",
        needs=("fees_30d_usdt",),
    ),
    Explained(
        "first_trade_24h",
        "Of those who deposited for the first time, how many traded within 24 hours?",
        "ratio",
        "first_traders_24h",
        "matured_depositors",
        lengths="any",
        needs=("first_deposit_on", "first_trade_on"),
    ),
    Explained(
        "first_trade_7d",
        "Of those who registered, how many traded in their first seven days?",
        "ratio",
        "first_traders_7d",
        "matured_registrants",
        lengths="any",
        needs=("first_trade_on",),
    ),
    Explained("assets", "What do users hold with us?", "usdt", "equity_usdt", lengths="any", needs=("equity_usdt",)),
)
BY_KEY = {one.key: one for one in EXPLAINED}


def explained(key: str) -> Explained:
    """refuses    unknown_metric    no change of it can be explained"""
    if key not in BY_KEY:
        raise UnknownName(f"No change of a metric '{key}' can be explained.", suggest(key, BY_KEY), code="unknown_metric")
    return BY_KEY[key]
