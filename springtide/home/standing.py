"""Where users stand: the sizes of all strata on a day, and who moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from springtide.analytics.daybook.tables import MOVES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.strata import STRATA, Stratification
from springtide.home.users import snapshot_day


@dataclass(frozen=True)
class Sizes:
    """One stratification on a day: users per stratum in the order of its rules, or why it is not available."""

    key: str
    version: int
    is_available: bool
    reason: str | None
    strata: dict[str, int]


@dataclass(frozen=True)
class StratumSize:
    """One stratum and its users."""

    stratification: str
    stratum: str
    users: int


@dataclass(frozen=True)
class Standing(Answer):
    """All stratifications on a day. Employees, tests and market makers are not counted."""

    day: date
    stratifications: tuple[Sizes, ...]

    @property
    def rows(self) -> tuple[StratumSize, ...]:  # type: ignore[override]
        """One row per stratum of the stratifications that are available."""
        return tuple(StratumSize(s.key, name, users) for s in self.stratifications for name, users in s.strata.items())

    def as_dict(self) -> dict[str, Any]:
        return {
            "day": str(self.day),
            "stratifications": {
                s.key: {"version": s.version, "available": s.is_available, "reason": s.reason, "strata": s.strata}
                for s in self.stratifications
            },
        }


def standing(
    engine: Engine, snapshot: Snapshot, stratifications: tuple[Stratification, ...], day: date | None, *, everyone: bool = False
) -> Standing:
    """The size of every stratum on a kept day (default: the latest).

    refuses    nothing_closed    no day was closed yet
               not_kept          that day's snapshot is not kept
    """
    day = snapshot_day(snapshot, day)
    record = snapshot.manifest.closed.get(str(day), {})
    reasons = record.get("unavailable", {})
    versions = snapshot.manifest.notes.get("definitions", {}).get(record.get("definitions"), {})
    snapshot.attach(engine, "strata", STRATA, since=day, until=day)
    rows = []
    for stratification in stratifications:
        key = stratification.key
        sizes = dict.fromkeys((stratum.name for stratum in stratification.strata), 0)
        told = engine.rows(
            f"select {key}, count(*) from strata where {key} is not null and (is_counted or $everyone) group by {key}",
            everyone=everyone,
        )
        reason = reasons.get(key)
        version = int(str(versions.get(f"strata.{key}", stratification.version)).split(".")[0])
        rows.append(Sizes(key, version, reason is None, reason, {} if reason else sizes | dict(told.values)))
    return Standing(day, tuple(rows))


@dataclass(frozen=True)
class Flow:
    """Users who moved from one stratum to another; `from_stratum` is null for users who are new."""

    stratification: str
    from_stratum: str | None
    to_stratum: str
    users: int


@dataclass(frozen=True)
class Moves(Answer):
    """Moves between strata on the days from `since` to `until`, both included; a user who moved twice is counted twice."""

    since: date
    until: date
    rows: tuple[Flow, ...]

    def as_dict(self) -> dict[str, Any]:
        rows = [
            {"stratification": f.stratification, "from": f.from_stratum, "to": f.to_stratum, "users": f.users}
            for f in self.rows
        ]
        return {"since": str(self.since), "until": str(self.until), "moves": rows}


def moves(
    engine: Engine, snapshot: Snapshot, *, since: date | None, until: date | None, stratification: str | None = None
) -> Moves:
    """Who moved, largest first; by default on the last closed day.

    refuses    nothing_closed    no day was closed yet
    """
    until = until or snapshot.require_closed()
    since = since or until
    snapshot.attach(engine, "moves", MOVES, since=since, until=until)
    latest = snapshot_day(snapshot, None)
    snapshot.attach(engine, "strata", STRATA, since=latest, until=latest)
    told = engine.rows(
        "select m.key, m.was, m.becomes, count(*) as users from moves as m"
        " inner join strata as s on m.user_no = s.user_no"
        " where m.kind = 'stratum' and m.day >= $since and m.day <= $until and s.is_counted"
        " and ($wanted is null or m.key = $wanted)"
        " group by m.key, m.was, m.becomes"
        " order by m.key, users desc, m.was nulls first, m.becomes",
        since=since,
        until=until,
        wanted=stratification,
    )
    return Moves(since, until, tuple(Flow(*row) for row in told.values))
