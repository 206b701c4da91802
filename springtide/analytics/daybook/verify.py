"""Rebuild everything from all of history by other queries, and compare with what the closes published, row for row.

User days, equity days and active days are rolled up again from the facts of every closed day; firsts, activity and state are
summed over all days at once instead of moved on by deltas; the latest profiles and strata are derived from those. Earlier
snapshots and moves stay as they were published and are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from springtide.analytics.daybook import tables
from springtide.analytics.daybook.inputs import PACKAGE, TASK_DAYS, attach_day, attach_history, attach_standing, task_days
from springtide.analytics.daybook.spec import CloseSpec, availability, segments_told
from springtide.analytics.engine import Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Lake, Snapshot
from springtide.kernel.days import day_bounds


@dataclass(frozen=True)
class Compared:
    """One table: the rows published, the rows rebuilt, and how many stand on one side only."""

    published: int
    rebuilt: int
    only_published: int
    only_rebuilt: int

    @property
    def is_equal(self) -> bool:
        return not (self.only_published or self.only_rebuilt)


@dataclass(frozen=True)
class Verified:
    """The outcome of a rebuild, by table."""

    through: date
    tables: dict[str, Compared]

    @property
    def is_equal(self) -> bool:
        return all(table.is_equal for table in self.tables.values())

    def as_dict(self) -> dict[str, Any]:
        differing = {
            name: {"only_published": table.only_published, "only_rebuilt": table.only_rebuilt}
            for name, table in self.tables.items()
            if not table.is_equal
        }
        return {
            "equal": self.is_equal,
            "through": str(self.through),
            "rows": {name: table.published for name, table in self.tables.items()},
            "differing": differing,
        }


def verify(
    lake: Lake, engine: Engine, spec: CloseSpec, *, progress: Callable[[date, int, int], None] | None = None
) -> Verified:
    """Rebuild from all history and compare, row for row.

    refuses    nothing_closed    no day was closed yet
               lake_damaged      a published file is missing or altered
    """
    snapshot = lake.snapshot()
    through = snapshot.require_closed()
    snapshot.check()
    found: dict[str, Compared] = {}
    closed = sorted(date.fromisoformat(day) for day in snapshot.manifest.closed)
    engine.table("task_days", TASK_DAYS, task_days(engine, snapshot, spec))
    for number, day in enumerate(closed):
        if progress:
            progress(day, number, len(closed))
        _again_from_facts(engine, snapshot, spec, day, found)
    _again_from_days(engine, snapshot, spec, through, found)
    if progress:
        progress(through, len(closed), len(closed))
    return Verified(through, found)


def _again_from_facts(engine: Engine, snapshot: Snapshot, spec: CloseSpec, day: date, found: dict[str, Compared]) -> None:
    params = attach_day(engine, snapshot, spec, day)
    for table, schema in (
        ("user_days", tables.USER_DAYS),
        ("equity_days", tables.EQUITY_DAYS),
        ("active_days", tables.ACTIVE_DAYS),
    ):
        engine.make(table, definition(PACKAGE, table).text, **params)
        snapshot.attach(engine, table, schema, name="published", since=day, until=day)
        _compare(engine, found, table, schema, day)


def _again_from_days(engine: Engine, snapshot: Snapshot, spec: CloseSpec, day: date, found: dict[str, Compared]) -> None:
    attach_history(engine, snapshot, day)
    _, to_at = day_bounds(day, spec.zone)
    snapshot.attach(engine, "users", fact_schema("users"))
    highest = engine.rows("select coalesce(max(user_no), 0) from users").scalar()
    parts = range(highest // tables.PART + 1)
    for part in parts:
        params: dict[str, Any] = {
            "day": day,
            "to_at": to_at,
            "user_from": part * tables.PART,
            "user_to": (part + 1) * tables.PART,
        }
        attach_history(engine, snapshot, day)
        engine.make("users_again", "select user_no from users where user_no >= $user_from and user_no < $user_to", **params)
        engine.make("state", definition(PACKAGE, "state_history").text, **params)
        engine.make("activity", definition(PACKAGE, "activity_history").text, **params)
        engine.make("firsts_again", definition(PACKAGE, "firsts_history").text, **params)
        for name, schema in (("firsts_before", tables.FIRSTS), ("user_days_now", tables.USER_DAYS)):
            engine.table(name, schema, ())
        engine.make("day_weights", "select day, 'now' as side, true as is_new from day_bits")
        engine.make("firsts", definition(PACKAGE, "firsts").text, **params)
        attach_standing(engine, snapshot, spec, day)
        engine.make("profiles", definition(PACKAGE, "profiles").text, **params)
        for table, schema in (
            ("state", tables.STATE), ("activity", tables.ACTIVITY), ("firsts", tables.FIRSTS), ("profiles", tables.PROFILES)
        ):  # fmt: skip
            snapshot.attach(engine, table, schema, name="published", since=day, until=day, part=part)
            _compare(engine, found, table, schema)
        engine.rename("profiles", f"profiles__{part}")
    everyone = " union all ".join(f"select user_no, is_counted, net_revenue_90d_usdt from profiles__{part}" for part in parts)
    engine.make("profiles", everyone)
    engine.make("population", spec.population.text)
    unavailable = snapshot.manifest.closed[str(day)].get("unavailable", {})
    keys = [key for key in availability(spec, snapshot.manifest) if key not in unavailable]
    for part in parts:
        engine.rename(f"profiles__{part}", "profiles")
        engine.make("strata", spec.strata_sql(keys))
        snapshot.attach(engine, "strata", spec.strata_schema, name="published", since=day, until=day, part=part)
        _compare(engine, found, "strata", spec.strata_schema)
        engine.rename("profiles", f"profiles__{part}")
        engine.rename("strata", f"strata__{part}")
    _segments_again(engine, snapshot, spec, day, parts, found)


def _segments_again(
    engine: Engine, snapshot: Snapshot, spec: CloseSpec, day: date, parts: range, found: dict[str, Compared]
) -> None:
    """Members of the segments that were told with the definition in force; who changed one closes before verifying it."""
    told = segments_told(snapshot.manifest, day)
    if spec.segments is None or not (keys := [key for key, stamp in spec.segments.stamps.items() if told.get(key) == stamp]):
        return
    if spec.segments.reads_everyone:
        for table in ("profiles", "strata"):
            engine.make(table, " union all ".join(f"select * from {table}__{part}" for part in parts))
    beside = spec.segments.find(engine, snapshot, day, keys)
    wanted = ", ".join(f"'{key}'" for key in keys)
    for part in parts:
        engine.rename(f"profiles__{part}", "profiles")
        engine.rename(f"strata__{part}", "strata")
        engine.make("placed", spec.segments.placed(keys, beside))
        engine.make("segments", spec.segments.members(keys))
        schema = spec.segments.schema
        snapshot.attach(engine, "segments", schema, name="published", since=day, until=day, part=part)
        engine.make("published", f"select user_no, key from published where key in ({wanted})")
        _compare(engine, found, "segments", schema)


def _compare(engine: Engine, found: dict[str, Compared], table: str, schema: Schema, day: date | None = None) -> None:
    """Compare relation `table` with relation `published`, and add it to what was found of that table before."""
    columns = ", ".join(column.name for column in schema)
    where = "where day = $day" if day else ""
    params = {"day": day} if day else {}
    published, rebuilt = f"select {columns} from published {where}", f"select {columns} from {table}"
    counts = [
        engine.rows(f"select count(*) from ({query}) as counted", **params).scalar()
        for query in (published, rebuilt, f"{published} except all {rebuilt}", f"{rebuilt} except all {published}")
    ]
    so_far = found.get(table, Compared(0, 0, 0, 0))
    found[table] = Compared(
        so_far.published + counts[0],
        so_far.rebuilt + counts[1],
        so_far.only_published + counts[2],
        so_far.only_rebuilt + counts[3],
    )
