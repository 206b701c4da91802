"""Closing one day with the evidence that follows it, against the tables of the close by hand-written SQL, without evidence."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from benchmarks.exchange import NOW, Size, close_spec, write_exchange
from benchmarks.floor_close import WRITTEN, floor_close
from benchmarks.measuring import Bench, Limit, Prepared, Result, in_child
from springtide.analytics.daybook.close import close as close_days
from springtide.analytics.engine import DuckEngine
from springtide.analytics.engine.duck import literal
from springtide.analytics.foresight.evidence import find_evidence
from springtide.analytics.lake import Lake
from springtide.kernel.errors import Fault
from springtide.kernel.settings import HomeSettings

USERS, USERS_LARGE = 100_000, 10_000_000
TARGET = 1.5
PEAK_MIB = 6 * 1024  # of ten million users
MEMORY = HomeSettings().worker_memory


def close(bench: Bench) -> list[Result]:
    """One more day after a hundred."""
    size = Size(bench.users or (USERS_LARGE if bench.is_large else USERS), seed=bench.seed, is_sparse=bench.is_large)
    root = bench.folder / f"close-{size.users}"
    day = size.open_days[-1]
    trades = prepared(bench, root, size)
    mine, floor = bench.pairs("closing", (ours, root, day), (_floor, root, day))
    in_child(_compared, root, day)
    shutil.rmtree(root)
    shutil.rmtree(floor_folder(root))
    what = "close of one day, with profiles, nine stratifications and evidence of risk"
    limits = (Limit("peak MiB", mine.peak_mib, PEAK_MIB),) if bench.is_large else ()
    return [Result("close", what, f"{size.users:,} users, {trades:,} trades", mine, floor, TARGET, limits=limits)]


def prepared(bench: Bench, root: Path, size: Size) -> int:
    """A lake at `root` that wants the last of its days closed; returns the trades of that day."""
    shutil.rmtree(root, ignore_errors=True)
    with bench.steps(f"writing an exchange of {size.users:,} users", 2) as step:
        in_child(_written, root, size)
        step()
        trades: int = in_child(_closed_before, root, size.open_days[-1]).value
        step()
    return trades


def start_again(root: Path) -> Lake:
    """The lake as it was before the measured close."""
    lake = Lake(root)
    shutil.copy(root / "manifest.start", lake.manifest_path)
    lake.sweep(now=NOW - timedelta(days=1))
    return lake


def floor_folder(root: Path) -> Path:
    """Where the floor writes: beside the lake, whose sweep would take its files for orphans."""
    return root.with_name(f"{root.name}-floor")


def _written(root: Path, size: Size) -> Prepared:
    def write() -> None:
        write_exchange(root, size)

    return write


def _closed_before(root: Path, day: date) -> Prepared:
    def prepare() -> int:
        lake, engine = Lake(root), DuckEngine(memory_limit=MEMORY, temp=root / "spill")
        close_days(lake, engine, close_spec(), through=day - timedelta(days=1), now=NOW)
        find_evidence(lake, engine, zone=close_spec().zone, now=NOW)
        engine.close()
        shutil.copy(lake.manifest_path, root / "manifest.start")
        entries = [*lake.snapshot().entries("spot_trades", since=day), *lake.snapshot().entries("contract_trades", since=day)]
        return sum(file.rows for file in entries)

    return prepare


def ours(root: Path, day: date) -> Prepared:
    """A close of `day` and its evidence, from the lake as it was before."""
    lake, spec = start_again(root), close_spec()

    def run() -> None:
        engine = DuckEngine(memory_limit=MEMORY, temp=root / "spill")
        close_days(lake, engine, spec, through=day, now=NOW)
        find_evidence(lake, engine, zone=spec.zone, now=NOW)
        engine.close()

    return run


def _floor(root: Path, day: date) -> Prepared:
    shutil.rmtree(floor_folder(root), ignore_errors=True)

    def run() -> None:
        floor_close(root, day, floor_folder(root), memory_limit=MEMORY)

    return run


def _compared(root: Path, day: date) -> Prepared:
    def compare() -> None:
        ours(root, day)()
        snapshot = Lake(root).snapshot()
        for table in WRITTEN:
            differing(table, snapshot.files(table, since=day, until=day), floor_folder(root) / f"{table}.parquet", root)

    return compare


def differing(table: str, files: Sequence[Path], floor: Path, root: Path) -> None:
    """Ours and the floor hold the same rows, or their ratio means nothing: a fault otherwise."""
    engine = DuckEngine(memory_limit=MEMORY, temp=root / "spill")
    mine, theirs = (f"read_parquet([{', '.join(literal(path) for path in paths)}])" for paths in (files, [floor]))
    columns = [row[0] for row in engine.connection.execute(f"describe from {mine}").fetchall()]
    # Doubles that were summed in another order differ in their last digits.
    listed = ", ".join(f"round({name}, 9)" if name.endswith("30d_ratio") else name for name in columns)
    # Sums of hashes first: of ten million wide rows they take seconds, their difference minutes.
    told = f"select count(*), sum(cast(hash({listed}) as hugeint)) from "
    if engine.rows(told + mine).values != engine.rows(told + theirs).values:
        for one, other in ((mine, theirs), (theirs, mine)):
            query = f"select count(*) from (select {listed} from {one} except all select {listed} from {other}) as odd"
            if rows := engine.rows(query).scalar():
                raise Fault(f"{rows} rows of {table} differ from those of the floor.")
    engine.close()
