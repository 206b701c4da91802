"""Growth accounting from the masks of activity, against the same counted from all user days.

DuckDB takes 20 ms of CPU to start, which is as much as our whole answer: it stands ready on both sides, and is in neither figure.
"""

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
    lake, engine = Lake(root), DuckEngine(memory_limit=MEMORY)

    def run() -> list[tuple[object, ...]]:
        told = growth_accounting(engine, lake.snapshot(), unit="users", period="week")
        return [(row.period, row.active, row.new, row.retained, row.resurrected, row.churned) for row in told.rows]

    return run


def _floor(root: Path) -> Prepared:
    snapshot, connection = Lake(root).snapshot(), duckdb.connect(":memory:", config={"memory_limit": MEMORY})

    def run() -> list[tuple[object, ...]]:
        as_of = snapshot.require_closed()
        params = {
            "user_days": [str(path) for path in snapshot.files("user_days")],
            "profiles": [str(path) for path in snapshot.files("profiles", since=as_of, until=as_of)],
            "since": period_start(as_of, "week") - timedelta(weeks=WEEKS - 1),
            "until": as_of,
        }
        return connection.execute(statements("floor_growth")["growth"], params).fetchall()

    return run
