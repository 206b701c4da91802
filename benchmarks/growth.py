"""Growth accounting from the masks of activity, against the same counted from all user days."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.close import MEMORY, USERS, prepared
from benchmarks.exchange import Size
from benchmarks.measuring import Bench, Prepared, Result
from benchmarks.statements import statements
from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake
from springtide.analytics.metrics import growth_accounting
from springtide.kernel.days import period_start
from springtide.kernel.errors import Fault

TARGET = 0.15
HISTORY_DAYS = 365
WEEKS = 13


def growth(bench: Bench) -> list[Result]:
    """Thirteen weeks of growth accounting in users after a year."""
    size = Size(bench.users or USERS, HISTORY_DAYS, seed=bench.seed)
    root = bench.folder / f"growth-{size.users}"
    prepared(bench, root, size)
    ours, floor = bench.pairs("accounting", (_ours, root), (_floor, root))
    if ours.value != floor.value:
        raise Fault(f"Growth accounting differs from its floor: {ours.value} and {floor.value}.")
    shutil.rmtree(root)
    days = f"{size.users:,} users, {HISTORY_DAYS} days"
    return [Result("growth", f"growth accounting in users, {WEEKS} weeks", days, ours, floor, TARGET)]


def _ours(root: Path) -> Prepared:
    lake = Lake(root)

    def run() -> list[tuple[object, ...]]:
        engine = DuckEngine(memory_limit=MEMORY)
        told = growth_accounting(engine, lake.snapshot(), unit="users", period="week")
        engine.close()
        return [(row.period, row.active, row.new, row.retained, row.resurrected, row.churned) for row in told.rows]

    return run


def _floor(root: Path) -> Prepared:
    snapshot = Lake(root).snapshot()

    def run() -> list[tuple[object, ...]]:
        as_of = snapshot.require_closed()
        connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY})
        params = {
            "user_days": [str(path) for path in snapshot.files("user_days")],
            "profiles": [str(path) for path in snapshot.files("profiles", since=as_of, until=as_of)],
            "since": period_start(as_of, "week") - timedelta(weeks=WEEKS - 1),
            "until": as_of,
        }
        rows = connection.execute(statements("floor_growth")["growth"], params).fetchall()
        connection.close()
        return rows

    return run
