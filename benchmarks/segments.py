"""Sizes of segments while somebody types, against hand-written SQL; and fifty segments in one pass, against one."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from benchmarks.close import MEMORY
from benchmarks.exchange import close_spec
from benchmarks.measuring import Bench, Limit, Prepared, Result, in_child
from springtide.analytics.daybook.tables import PART, PROFILES
from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake
from springtide.analytics.segments import Condition, InForce, Known, Segment, members_query, placed_query
from springtide.analytics.strata import STRATA
from springtide.home.segments import segment_size
from springtide.kernel.errors import Fault

USERS, USERS_LARGE = 1_000_000, 10_000_000
DAY = date(2026, 5, 31)
NOW = datetime(2031, 1, 1, tzinfo=UTC)
TARGET, TARGET_FIFTY = 1.5, 5.0
MOST_MS = 250
TYPED = 20  # sizes asked in one run, as somebody types

TEXT = "days_since_trade > 30 and days_since_trade <= 90 and equity_usdt >= 1000 and country in ('SG', 'VN') and net_revenue_90d_usdt > 5"
FLOOR = """
select count(*) from read_parquet($files) where is_counted and days_since_trade > 30 and days_since_trade <= 90
and equity_usdt >= 1000000000 and country in ('SG', 'VN') and net_revenue_90d_usdt > 5000000
"""
LIFECYCLES = ("repeat", "lapsing", "dormant", "contract_active", "vip")
# What a text may name, drawn from a hash of the user; every other column is null, as a lake without that input has it.
DRAWN = {
    "is_counted": "user_no % 50 > 0",
    "country": "list_value('SG', 'VN', 'TR', 'BR', 'NG')[cast(1 + hash(user_no + {seed}) % 5 as bigint)]",
    "days_since_trade": "cast(hash(user_no * 7 + {seed}) % 200 as integer)",
    "equity_usdt": "cast(hash(user_no * 11 + {seed}) % 5000000000 as bigint)",
    "net_revenue_90d_usdt": "cast(hash(user_no * 13 + {seed}) % 20000000 as bigint)",
    "tenure_days": "cast(hash(user_no * 17 + {seed}) % 900 as integer)",
    "trades_30d": "cast(hash(user_no * 19 + {seed}) % 60 as bigint)",
}


def segments(bench: Bench) -> list[Result]:
    """The size of a draft of five predicates; fifty segments in the pass of a close."""
    users = bench.users or (USERS_LARGE if bench.is_large else USERS)
    root = bench.folder / f"segments-{users}"
    in_child(_drawn, root, users, bench.seed)
    typed, floor = bench.pairs("sizing", (_typed, root), (_typed_floor, root))
    if typed.value[0] != floor.value[0]:
        raise Fault(f"The size differs from its floor: {typed.value[0]} and {floor.value[0]}.")
    fifty, one = bench.pairs("fifty segments", (_pass, root, 50), (_pass, root, 1))
    shutil.rmtree(root)
    size = f"{users:,} users"
    slowest = sorted(typed.value[1])[int(0.95 * TYPED)]
    limits = (Limit("p95 ms on the clock", slowest * 1000, MOST_MS),)
    note = f"p95 {slowest * 1000:.0f} ms on the clock, {typed.cpu_s / TYPED * 1000:.0f} ms of CPU each"
    return [
        Result("segments", f"size of five predicates, {TYPED} times", size, typed, floor, TARGET, note, limits),
        Result("segments", "fifty segments in one pass, against one", size, fifty, one, TARGET_FIFTY),
    ]


def _drawn(root: Path, users: int, seed: int) -> Prepared:
    def run() -> None:
        lake, engine = Lake(root), DuckEngine(memory_limit=MEMORY)
        columns = {c.name: DRAWN.get(c.name, f"cast(null as {c.type})").format(seed=seed) for c in PROFILES}
        columns["user_no"] = "cast(user_no as integer)"
        picked = ", ".join(f"{said} as {name}" for name, said in columns.items())
        stood = ", ".join(
            f"cast(null as {c.type}) as {c.name}" for c in STRATA if c.name not in ("user_no", "is_counted", "lifecycle")
        )
        place = f"list_value{LIFECYCLES}[cast(1 + hash(user_no * 23 + {seed}) % 5 as bigint)] as lifecycle"
        with lake.writing() as publication:
            for part in range((users - 1) // PART + 1):
                numbers = f"(select range as user_no from range({part * PART}, {min(users, (part + 1) * PART)}))"
                for table, query in (
                    ("profiles", f"select {picked} from {numbers}"),
                    (
                        "strata",
                        f"select cast(user_no as integer) as user_no, user_no % 50 > 0 as is_counted, {place}, {stood} from {numbers}",
                    ),
                ):
                    path = publication.new_path(table, f"{DAY}.{part}")
                    publication.add(table, path, rows=engine.write(query, path), day=DAY, part=part)
            publication.close_day(DAY, {"revisions": {}, "definitions": "of the bench"})
            publication.note("stated", ["users", "spot_trades", "balances", "transfers"])
            publication.commit(now=NOW)
        engine.close()

    return run


def _typed(root: Path) -> Prepared:
    snapshot, spec = Lake(root).snapshot(), close_spec()

    def run() -> tuple[int, list[float]]:
        taken = []
        for _ in range(TYPED):
            began = time.perf_counter()
            engine = DuckEngine(memory_limit="2GB")
            found = segment_size(engine, snapshot, InForce(), spec, TEXT)
            engine.close()
            taken.append(time.perf_counter() - began)
        return found.users, taken

    return run


def _typed_floor(root: Path) -> Prepared:
    files = [str(path) for path in Lake(root).snapshot().files("profiles", since=DAY, until=DAY)]

    def run() -> tuple[int, list[float]]:
        for _ in range(TYPED):
            with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
                [(users,)] = connection.execute(FLOOR, {"files": files}).fetchall()
        return users, []

    return run


def _pass(root: Path, count: int) -> Prepared:
    snapshot = Lake(root).snapshot()
    drafts = [
        f"lifecycle = '{LIFECYCLES[n % len(LIFECYCLES)]}' and equity_usdt >= {1000 + 7 * n} and country in ('SG', 'VN')"
        f" and net_revenue_90d_usdt > {n} and trades_30d < {5 + n}"
        for n in range(count)
    ]
    told = [Segment(f"s{n}", 1, "", condition=Condition.parse(text, Known())) for n, text in enumerate(drafts)]

    def run() -> int:
        engine = DuckEngine(memory_limit=MEMORY)
        rows = 0
        for part in snapshot.parts("profiles"):
            snapshot.attach(engine, "profiles", PROFILES, since=DAY, until=DAY, part=part)
            snapshot.attach(engine, "strata", STRATA, since=DAY, until=DAY, part=part)
            engine.make("placed", placed_query(told, {}))
            rows += engine.write(members_query([one.key for one in told]), root / f"members.{count}.{part}.parquet")
        engine.close()
        return rows

    return run
