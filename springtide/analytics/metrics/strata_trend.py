"""How the strata of one stratification grew and shrank over the days whose snapshots are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import attach_strata, known_stratification, text, unavailable_strata


@dataclass(frozen=True)
class StratumDay:
    """The counted users of a stratum on a day. A stratum without users has no row."""

    day: date
    stratum: str
    users: int


@dataclass(frozen=True)
class StrataTrend(Answer):
    """The sizes by day, oldest first. `days`: the kept days on which the stratification was available."""

    stratification: str
    days: tuple[date, ...]
    rows: tuple[StratumDay, ...]


def strata_trend(
    engine: Engine, snapshot: Snapshot, *, stratification: str, since: date | None = None, until: date | None = None
) -> StrataTrend:
    """Users by stratum on every kept day from `since` to `until`: the last 35 days, and the month ends before them.

    refuses    unknown_stratification    there is no such stratification
               nothing_closed            no day was closed yet
    """
    known_stratification(stratification)
    snapshot.require_closed()
    told = []
    rows = []
    for day in snapshot.days("strata"):
        if (since and day < since) or (until and day > until) or stratification in unavailable_strata(snapshot, day):
            continue
        attach_strata(engine, snapshot, day)
        told.append(day)
        sizes = engine.rows(text("strata_trend"), stratification=stratification)
        rows += [StratumDay(day, stratum, users) for stratum, users in sizes.values]
    return StrataTrend(stratification, tuple(told), tuple(rows))
