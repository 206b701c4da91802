"""Why assets changed, period by period: never a change without what moved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.changes.assets import EFFECTS, asset_change
from springtide.analytics.metrics.reading import first_closed, need, need_days
from springtide.analytics.metrics.served.asked import Span, spans
from springtide.kernel.errors import NothingYet

FIGURES = (
    "before", "after", "change", "net_deposits", "price_effect", "trading_pnl", "fees", "rewards", "other",
)  # fmt: skip


@dataclass(frozen=True)
class AssetChange:
    """One period: `change` = net_deposits + price_effect + trading_pnl + fees + rewards + other, to the last 1e-6 USDT.

    Fees stand with their sign, as what they took. All are null where `reason` says why.
    """

    since: date
    until: date
    before: Decimal | None
    after: Decimal | None
    change: Decimal | None
    net_deposits: Decimal | None
    price_effect: Decimal | None
    trading_pnl: Decimal | None
    fees: Decimal | None
    rewards: Decimal | None
    other: Decimal | None
    is_complete: bool
    reason: str | None = None


@dataclass(frozen=True)
class AssetChanges(Answer):
    """The change of what users hold, by period, oldest first."""

    period: str
    as_of: date
    rows: tuple[AssetChange, ...]


def asset_changes(
    engine: Engine,
    snapshot: Snapshot,
    *,
    since: date | None = None,
    until: date | None = None,
    period: str = "week",
    zone: ZoneInfo = ZoneInfo("UTC"),  # noqa: B008 -- a zone does not change
) -> AssetChanges:
    """Δassets of counted users by day, week or month, from the end of the day before each period to its last day.

    refuses    not_available     no balances were given, or only by week
               unknown_period, empty_range, not_closed, nothing_closed
    """
    need(snapshot, "equity_usdt")
    need_days(snapshot)
    first = first_closed(snapshot)
    rows = []
    for span in spans(snapshot, since, until, period):
        then_on = span.since - timedelta(days=1)
        if then_on < first:
            continue  # what was held before the first closed day is not known
        try:
            split = asset_change(engine, snapshot, then_on=then_on, now_on=span.until, zone=zone)
        except NothingYet as unknown:
            rows.append(_row(span, dict.fromkeys(FIGURES), unknown.message))
            continue
        effects = {effect: Decimal(0) for effect in EFFECTS} | split.by_effect()
        parts = {effect.lower().replace(" ", "_"): amount for effect, amount in effects.items()}
        rows.append(_row(span, {"before": split.then, "after": split.now, "change": split.change, **parts}))
    return AssetChanges(period, snapshot.require_closed(), tuple(rows))


def _row(span: Span, figures: Mapping[str, Decimal | None], reason: str | None = None) -> AssetChange:
    return AssetChange(since=span.since, until=span.until, is_complete=span.is_whole, reason=reason, **figures)
