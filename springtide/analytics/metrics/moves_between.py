"""Who moved from which stratum to which over a range of days, and who stayed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from springtide.analytics.daybook.tables import MOVES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import (
    attach_profiles,
    attach_strata,
    first_closed,
    known_stratification,
    missing,
    text,
    unavailable_strata,
)
from springtide.kernel.errors import BadInput, NothingYet
from springtide.kernel.money import usdt


@dataclass(frozen=True)
class MoveRow:
    """Users who went from one stratum to another; from null: they had none before. Money as of the last day; null: not known."""

    stratification: str
    from_stratum: str | None
    to_stratum: str
    users: int
    equity_usdt: Decimal | None
    net_revenue_90d_usdt: Decimal | None


@dataclass(frozen=True)
class Stayed:
    """Users who stand where they stood before the range."""

    stratification: str
    stratum: str
    users: int


@dataclass(frozen=True)
class MovesBetween(Answer):
    """Net moves on the days from `since` to `until`, largest first. `stayed` is null where the snapshot of `until` is not kept."""

    since: date
    until: date
    rows: tuple[MoveRow, ...]
    stayed: tuple[Stayed, ...] | None

    def matrix(self, stratification: str) -> dict[tuple[str | None, str], int]:
        """(from, to) → users, those who stayed included; the sums by `to` are the sizes on `until`."""
        moved = {(r.from_stratum, r.to_stratum): r.users for r in self.rows if r.stratification == stratification}
        stayed = {(s.stratum, s.stratum): s.users for s in self.stayed or () if s.stratification == stratification}
        return moved | stayed


def moves_between(
    engine: Engine,
    snapshot: Snapshot,
    *,
    since: date | None = None,
    until: date | None = None,
    stratification: str | None = None,
) -> MovesBetween:
    """Net moves of counted users in the days from `since` to `until`, both included; by default of the last closed day alone.

    With one day it is the transition matrix from the day before to the day. Moves stay as they were published.

    refuses    unknown_stratification    there is no such stratification
               not_available             the stratification was not available on `until`
               empty_range, out_of_reach, nothing_closed
    """
    if stratification is not None:
        known_stratification(stratification)
    latest = snapshot.require_closed()
    until = until or latest
    since = since or until
    if until < since:
        raise BadInput(f"The range from {since} to {until} is empty.", "Give the earlier day first.", code="empty_range")
    if until > latest or until < first_closed(snapshot):
        raise NothingYet(f"{until} is not closed.", f"The last closed day is {latest}.", code="not_closed")
    unavailable = unavailable_strata(snapshot, until)
    if stratification in unavailable:
        raise NothingYet(
            f"'{stratification}' is not available: {unavailable[stratification]}.",
            "Choose another stratification.",
            code="not_available",
        )
    is_kept = until in snapshot.days("strata")
    day = until if is_kept else latest
    attach_profiles(engine, snapshot, day)
    attach_strata(engine, snapshot, day)
    snapshot.attach(engine, "moves", MOVES, since=since, until=until)
    told = [
        row
        for row in engine.rows(text("moves_between"), since=since, until=until).dicts()
        if row["stratification"] not in unavailable and stratification in (None, row["stratification"])
    ]
    known = {name for name in ("equity_usdt", "net_revenue_90d_usdt") if is_kept and not missing(snapshot, name)}
    rows = sorted(
        (_row(row, known) for row in told), key=lambda r: (-r.users, r.stratification, r.from_stratum or "", r.to_stratum)
    )
    return MovesBetween(since, until, tuple(rows), _stayed(engine, told, unavailable, stratification) if is_kept else None)


def _row(row: dict[str, Any], known: set[str]) -> MoveRow:
    money = {name: usdt(row[name]) if name in known else None for name in ("equity_usdt", "net_revenue_90d_usdt")}
    return MoveRow(row["stratification"], row["from_stratum"], row["to_stratum"], row["users"], **money)


def _stayed(
    engine: Engine, moved: list[dict[str, Any]], unavailable: dict[str, str], stratification: str | None
) -> tuple[Stayed, ...]:
    """Whoever stands in a stratum and did not come there has stayed."""
    arrived: Counter[tuple[str, str]] = Counter()
    for row in moved:
        arrived[row["stratification"], row["to_stratum"]] += row["users"]
    return tuple(
        Stayed(key, stratum, users - arrived[key, stratum])
        for key, stratum, users in sorted(engine.rows(text("strata_sizes"), everyone=False).values)
        if key not in unavailable and stratification in (None, key) and users > arrived[key, stratum]
    )
