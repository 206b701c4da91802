"""How concentration grew and shrank over the days whose snapshots are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.concentration import TOP_PERCENT, TOP_USERS, concentration


@dataclass(frozen=True)
class ConcentrationDay:
    """One measure at the end of a kept day; ratios as in `concentration`, null where nobody has a positive value."""

    day: date
    measure: str
    users: int
    top_percent_ratio: float | None
    top_users_ratio: float | None
    gini: float | None
    hhi: float | None


@dataclass(frozen=True)
class ConcentrationTrend(Answer):
    """Assets, volume of 30 days and net revenue of 90 days, by day, oldest first; measures that cannot be told are left out."""

    top_percent: int
    top_users: int
    rows: tuple[ConcentrationDay, ...]


def concentration_trend(
    engine: Engine,
    snapshot: Snapshot,
    *,
    since: date | None = None,
    until: date | None = None,
    top_percent: int = TOP_PERCENT,
    top_users: int = TOP_USERS,
) -> ConcentrationTrend:
    """Concentration on every kept day from `since` to `until`: the last 35 days, and the month ends before them.

    refuses    bad_share, nothing_closed
    """
    snapshot.require_closed()
    kept = [day for day in snapshot.days("strata") if (since is None or day >= since) and (until is None or day <= until)]
    rows = []
    for day in kept:
        told = concentration(engine, snapshot, as_of=day, top_percent=top_percent, top_users=top_users)
        rows += [
            ConcentrationDay(day, row.measure, row.users, row.top_percent_ratio, row.top_users_ratio, row.gini, row.hhi)
            for row in told.rows
            if row.reason is None
        ]
    return ConcentrationTrend(top_percent, top_users, tuple(rows))
