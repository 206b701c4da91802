"""The market beside any answer: prices, and which regime every day lay in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from springtide.analytics.daybook.tables import MARKET_DAYS
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import text
from springtide.kernel.errors import BadInput
from springtide.kernel.money import usdt

SHOWN_DAYS = 90


@dataclass(frozen=True)
class MarketDay:
    """One day's close of BTC and the regime it lay in; null while the history before it is too short to say."""

    day: date
    btc_close_usdt: Decimal
    return_30d_ratio: float | None
    volatility_30d_ratio: float | None
    regime: str | None  # bull, bear or flat
    is_high_volatility: bool | None


@dataclass(frozen=True)
class Market(Answer):
    """The days with a price, oldest first, and the last of them. Without prices there are no rows, and `reason` says so."""

    since: date
    until: date
    rows: tuple[MarketDay, ...]
    current: MarketDay | None
    reason: str | None

    def on(self, day: date) -> MarketDay | None:
        """The market on a day, or on the last day before it that has a price."""
        return next((row for row in reversed(self.rows) if row.day <= day), None)


def market(engine: Engine, snapshot: Snapshot, *, since: date | None = None, until: date | None = None) -> Market:
    """The market from `since` to `until`: by default the 90 days up to the last closed one.

    refuses    empty_range       `until` lies before `since`
               nothing_closed    no day was closed yet
    """
    until = until or snapshot.require_closed()
    since = since or until - timedelta(days=SHOWN_DAYS - 1)
    if until < since:
        raise BadInput(f"The range from {since} to {until} is empty.", "Give the earlier day first.", code="empty_range")
    snapshot.attach(engine, "market_days", MARKET_DAYS)
    told = engine.rows(text("market"), since=since, until=until)
    rows = tuple(MarketDay(day, usdt(close), *rest) for day, close, *rest in told.values)
    reason = None if rows else "no prices of BTC are known for these days"
    return Market(since, until, rows, rows[-1] if rows else None, reason)
