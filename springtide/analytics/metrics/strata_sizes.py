"""How many users stand in each stratum, and how that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import STRATIFICATIONS, attach_strata, kept_day, text, unavailable_strata

CHANGE_OVER = timedelta(days=7)
Names = Mapping[str, Sequence[str]]  # stratification → its strata, in the order of the definition


@dataclass(frozen=True)
class StratumSize:
    """The users of one stratum. `before` and `change` are null where the stratification was not available then."""

    stratification: str
    stratum: str
    users: int
    before: int | None
    change: int | None


@dataclass(frozen=True)
class StratificationState:
    """The definition that a stratification was placed by, and why it was not available (null: it was)."""

    key: str
    version: int | None
    hash: str | None
    reason: str | None


@dataclass(frozen=True)
class StrataSizes(Answer):
    """The sizes as of a day, against those of an earlier one (null: none is kept)."""

    as_of: date
    before: date | None
    stratifications: tuple[StratificationState, ...]
    rows: tuple[StratumSize, ...]

    def as_dict(self) -> dict[str, Any]:
        """By stratification: version, available, reason, and strata → users (with what they were before under `before`)."""
        told = {}
        for each in self.stratifications:
            rows = [row for row in self.rows if row.stratification == each.key]
            told[each.key] = {
                "version": each.version,
                "available": each.reason is None,
                "reason": each.reason,
                "strata": {row.stratum: row.users for row in rows},
                "before": {row.stratum: row.before for row in rows} if self.before else None,
            }
        return {"day": str(self.as_of), "before": self.before and str(self.before), "stratifications": told}


def strata_sizes(
    engine: Engine,
    snapshot: Snapshot,
    *,
    as_of: date | None = None,
    before: date | None = None,
    names: Names | None = None,
    everyone: bool = False,
) -> StrataSizes:
    """Users by stratum as of a kept day, with the change against another kept day (default: a week earlier, if that is kept).

    `names` gives the strata of each stratification in their order; strata without users are then told as 0. Without it, only strata
    with users on either day are told, by name. With `everyone`, employees, tests and market makers are counted too.

    refuses    nothing_closed    no day was closed yet
               not_kept          there is no snapshot of one of the days
    """
    as_of = kept_day(snapshot, as_of)
    if before is None:
        week_ago = as_of - CHANGE_OVER
        before = week_ago if week_ago in snapshot.days("strata") else None
    else:
        before = kept_day(snapshot, before)
    now = _sizes(engine, snapshot, as_of, everyone)
    was = _sizes(engine, snapshot, before, everyone) if before else {}
    unavailable = unavailable_strata(snapshot, as_of)
    rows = []
    for key in STRATIFICATIONS:
        if key in unavailable:
            continue
        is_known_before = before is not None and key not in unavailable_strata(snapshot, before)
        here, there = now.get(key, {}), was.get(key, {})
        for stratum in dict.fromkeys([*(names or {}).get(key, ()), *sorted(here | there)]):
            users, earlier = here.get(stratum, 0), there.get(stratum, 0) if is_known_before else None
            rows.append(StratumSize(key, stratum, users, earlier, None if earlier is None else users - earlier))
    return StrataSizes(as_of, before, _states(snapshot, as_of), tuple(rows))


def _sizes(engine: Engine, snapshot: Snapshot, day: date, everyone: bool) -> dict[str, dict[str, int]]:
    attach_strata(engine, snapshot, day)
    sizes: dict[str, dict[str, int]] = {}
    for stratification, stratum, users in engine.rows(text("strata_sizes"), everyone=everyone).values:
        sizes.setdefault(stratification, {})[stratum] = users
    return sizes


def _states(snapshot: Snapshot, day: date) -> tuple[StratificationState, ...]:
    """What the close of the day has written down about its definitions."""
    record = snapshot.manifest.closed.get(str(day), {})
    stamps = snapshot.manifest.notes.get("definitions", {}).get(record.get("definitions"), {})
    unavailable = unavailable_strata(snapshot, day)

    def state(key: str) -> StratificationState:
        version, _, content = str(stamps.get(f"strata.{key}", "")).partition(".")
        return StratificationState(key, int(version) if version else None, content or None, unavailable.get(key))

    return tuple(state(key) for key in STRATIFICATIONS)
