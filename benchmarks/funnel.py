"""Ordered funnels over twenty million events, against ClickHouse's windowFunnel (chDB, in process) over the same Parquet files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.exchange import NOW
from benchmarks.measuring import Bench, Prepared, Result, in_child
from benchmarks.statements import statements
from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake
from springtide.analytics.metrics import questions
from springtide.kernel.days import days
from springtide.kernel.errors import Fault
from springtide.kernel.settings import HomeSettings

USERS, USERS_LARGE = 125_000, 500_000
EVENTS_PER_USER = 40
FIRST_DAY, DAYS = date(2026, 1, 1), 90
STEPS = ("market_viewed", "deposit_started", "order_placed", "order_filled")
WINDOW_DAYS = 7
TARGETS = {3: 1.0, 4: 1.25}
MEMORY = HomeSettings().worker_memory


def funnel(bench: Bench) -> list[Result]:
    """Best attempts within seven days, three and four steps, over one file and over a file a day."""
    users = bench.users or (USERS_LARGE if bench.is_large else USERS)
    results = []
    for files, is_daily in (("one file", False), (f"{DAYS} day files", True)):
        root = bench.folder / f"funnel-{users}-{DAYS if is_daily else 1}"
        with bench.steps(f"drawing the events of {users:,} users", 1) as step:
            in_child(drawn, root, users, bench.seed, is_daily)
            step()
        for steps, target in TARGETS.items():
            ours, floor = bench.pairs(f"{steps} steps, {files}", (_ours, root, steps), (_theirs, root, steps))
            if ours.value != floor.value:
                raise Fault(f"The levels of {steps} steps differ from windowFunnel's: {ours.value} and {floor.value}.")
            size = f"{users * EVENTS_PER_USER:,} events, {users:,} users, {files}"
            results.append(Result("funnel", f"ordered funnel, {steps} steps", size, ours, floor, target, "against chDB"))
        shutil.rmtree(root)
    return results


def drawn(root: Path, users: int, seed: int, is_daily: bool) -> Prepared:
    def write() -> None:
        shutil.rmtree(root, ignore_errors=True)
        lake, engine = Lake(root), DuckEngine(memory_limit=MEMORY, temp=root / "spill")
        engine.make("drawn", statements("drawn_events")["events"], users=users, seed=seed, first_day=FIRST_DAY, days=DAYS)
        with lake.writing() as publication:
            last = FIRST_DAY + timedelta(days=DAYS - 1)
            for day in days(FIRST_DAY, last) if is_daily else [FIRST_DAY]:
                path = publication.new_path("events", str(day))
                until = day + timedelta(days=1) if is_daily else last + timedelta(days=1)
                rows = engine.write(statements("drawn_events")["of_days"], path, since=day, until=until)
                publication.add("events", path, rows=rows, day=day, last=day if is_daily else last)
            publication.commit(now=NOW)
        engine.close()

    return write


def _ours(root: Path, steps: int) -> Prepared:
    question: Mapping[str, Any] = {
        "kind": "funnel",
        "steps": [{"event": step} for step in STEPS[:steps]],
        "window": {"value": WINDOW_DAYS, "unit": "day"},
        "everyone": True,
        "list_users": False,
    }
    snapshot = Lake(root).snapshot()

    def run() -> list[int]:
        engine, zone = DuckEngine(memory_limit=MEMORY), ZoneInfo("UTC")
        counts = questions.ask(question, questions.Stream(engine, questions.LakeEvents(snapshot, zone), zone))["counts"]
        engine.close()
        return [here - further for here, further in zip(counts, [*counts[1:], 0], strict=True)]

    return run


def _theirs(root: Path, steps: int) -> Prepared:
    """The faster of its shapes, filtered before it is grouped; in microseconds, as the lake keeps time."""
    chdb: Any = import_module("chdb")  # its library is large, and nothing else needs it
    chdb.query("select 1")
    named = ", ".join(f"'{step}'" for step in STEPS[:steps])
    conditions = ", ".join(f"name = '{step}'" for step in STEPS[:steps])
    levels = (
        f"select windowFunnel({WINDOW_DAYS * 86_400_000_000})(toUInt64(toUnixTimestamp64Micro(happened_at)), {conditions}) as level"
        f" from file('{root}/events/*.parquet', Parquet) where name in ({named}) group by user_no"
    )

    def run() -> list[int]:
        told = chdb.query(f"select level, count() from ({levels}) where level > 0 group by level order by level", "CSV")
        users = {int(level): int(count) for level, count in (line.split(",") for line in str(told).split())}
        return [users.get(level, 0) for level in range(1, steps + 1)]

    return run
