"""Retention from the masks of activity, against the same counted from all user days."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from benchmarks.close import MEMORY, ours, prepared
from benchmarks.exchange import Size
from benchmarks.measuring import Bench, Prepared, Result, in_child
from benchmarks.statements import statements
from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake
from springtide.analytics.metrics import questions
from springtide.kernel.days import period_start
from springtide.kernel.errors import Fault

USERS = 500_000
TARGET = 0.15
HISTORY_DAYS = 365
COHORTS = COLUMNS = 13
TRADED = {"event": ["traded_spot", "traded_contracts"]}


def retention(bench: Bench) -> list[Result]:
    """Thirteen weekly cohorts of first traders, by thirteen weeks, after a year: by hand, the first week of all user days must be found."""
    size = Size(bench.users or USERS, HISTORY_DAYS, seed=bench.seed)
    root = bench.folder / f"retention-{size.users}"
    prepared(bench, root, size)
    in_child(ours, root, size.open_days[-1])  # with the last day closed, masks stand for the facts
    mine, floor = bench.pairs("asking", (_ours, root), (_floor, root))
    if mine.value != floor.value:
        raise Fault(f"Retention differs from its floor: {mine.value} and {floor.value}.")
    shutil.rmtree(root)
    days = f"{size.users:,} users, {HISTORY_DAYS} days"
    return [Result("retention", f"retention of {COHORTS} weekly cohorts, {COLUMNS} columns", days, mine, floor, TARGET)]


def _range(root: Path) -> tuple[date, date]:
    """The first and the last cohort: the last is the week of the last closed day."""
    last = period_start(Lake(root).snapshot().require_closed(), "week")
    return last - timedelta(weeks=COHORTS - 1), last


def _ours(root: Path) -> Prepared:
    lake, zone = Lake(root), ZoneInfo("UTC")
    first, last = _range(root)
    question = {
        "kind": "retention", "start": TRADED, "return": TRADED, "period": "week", "cohort_from": str(first), "cohort_to": str(last),
        "intervals": COLUMNS, "cohort_rule": "first_match",
    }  # fmt: skip

    def run() -> list[tuple[object, ...]]:
        engine = DuckEngine(memory_limit=MEMORY)
        told = questions.ask(question, questions.Stream(engine, questions.LakeEvents(lake.snapshot(), zone), zone))
        engine.close()
        return [
            (date.fromisoformat(cohort), column, users)
            for cohort, row in zip(told["cohorts"], told["matrix"], strict=True)
            for column, users in enumerate(row)
            if users
        ]

    return run


def _floor(root: Path) -> Prepared:
    snapshot = Lake(root).snapshot()
    first, last = _range(root)

    def run() -> list[tuple[object, ...]]:
        as_of = snapshot.require_closed()
        connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY})
        params = {
            "user_days": [str(path) for path in snapshot.files("user_days")],
            "profiles": [str(path) for path in snapshot.files("profiles", since=as_of, until=as_of)],
            "since": first,
            "until": last,
            "columns": COLUMNS,
        }
        rows = connection.execute(statements("floor_retention")["retention"], params).fetchall()
        connection.close()
        return rows

    return run
