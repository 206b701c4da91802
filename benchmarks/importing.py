"""Importing a day of trades, from Parquet and from CSV, each row's id looked up among those already known."""

from __future__ import annotations

import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from benchmarks.close import MEMORY, start_again
from benchmarks.exchange import HISTORY_ENDS, NOW
from benchmarks.measuring import Bench, Limit, Prepared, Result, Run, in_child, middle
from benchmarks.statements import statements
from springtide.analytics.facts import import_path
from springtide.analytics.lake import Lake
from springtide.kernel.errors import Fault

LEAST = {"parquet": 400_000, "csv": 200_000}  # rows a second on the clock
FILE_ROWS = 1_000_000


def import_trades(bench: Bench) -> list[Result]:
    """A day of trades into a lake that knows a month of them; one in fifty was imported before."""
    users, known, rows = (10_000_000, 30, 3_000_000) if bench.is_large else (100_000, 3, 1_000_000)
    if bench.users:
        users, known, rows = bench.users, 2, 10 * bench.users
    given, root = bench.folder / "given", bench.folder / "import"
    file_rows = min(FILE_ROWS, rows)
    with bench.steps("writing and importing what is known", known + 2) as step:
        in_child(_written, given, users, known, rows, file_rows, bench.seed)
        step()
        for name in ("users.parquet", *(f"known/spot_trades-{number:02}.parquet" for number in range(known))):
            in_child(_imported, root, given / name)
            step()
    shutil.copy(root / "manifest.json", root / "manifest.start")
    results = []
    for kind, least in LEAST.items():
        with bench.steps(f"importing {kind}", bench.repeats) as step:
            runs = []
            for _ in range(bench.repeats):
                runs.append(in_child(_again, root, given / f"spot_trades.{kind}"))
                step()
        results.append(_told(kind, least, rows, known * file_rows, middle(runs)))
    shutil.rmtree(root)
    shutil.rmtree(given)
    return results


def _told(kind: str, least: int, rows: int, known: int, run: Run) -> Result:
    read, duplicate = run.value
    if read != rows or duplicate != rows // 50:
        raise Fault(f"Of {rows} rows {read} were read and {duplicate} known, which should be {rows // 50}.")
    limit = Limit("rows/s", rows / run.wall_s, least, at_least=True)
    note = f"{limit.figure:,.0f} rows/s on the clock; {rows / run.cpu_s:,.0f} rows a CPU second"
    size = f"{rows:,} rows, {known:,} known ids"
    return Result("import", f"import of trades from {kind}", size, run, note=note, limits=(limit,))


def _written(given: Path, users: int, known: int, rows: int, file_rows: int, seed: int) -> Prepared:
    def write() -> None:
        (given / "known").mkdir(parents=True)
        connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY, "temp_directory": str(given / "spill")})
        connection.execute("set enable_progress_bar_print = false")
        connection.execute("create macro draw(a, b) as (hash(a * 1000003 + b) >> 11) / 9007199254740992.0")
        told = statements("import_files")
        connection.execute(f"copy ({told['users']}) to '{given}/users.parquet'", {"users": users, "day": HISTORY_ENDS})
        trades = {"users": users, "day": HISTORY_ENDS, "seed": seed}
        for number in range(known):
            since = (number + 1) * file_rows
            span = trades | {"since": -since, "until": file_rows - since, "again": 0}
            connection.execute(f"copy ({told['trades']}) to '{given}/known/spot_trades-{number:02}.parquet'", span)
        # What was imported before comes again as it was, in the middle of the day's own.
        day = trades | {"since": 0, "until": rows - rows // 50, "again": rows // 50}
        connection.execute(f"create table day as {told['trades']}", day)
        for kind, options in (("parquet", "format parquet"), ("csv", "header")):
            connection.execute(f"copy day to '{given}/spot_trades.{kind}' ({options})")

    return write


def _imported(root: Path, path: Path) -> Prepared:
    def run() -> tuple[int, int]:
        told = import_path(Lake(root), path, zone=ZoneInfo("UTC"), now=NOW, memory=MEMORY)
        [counts] = told.tables.values()
        if counts.quarantined:
            raise Fault(f"{counts.quarantined} rows of {path.name} went into quarantine: {told.problems}")
        return counts.read, counts.duplicate

    return run


def _again(root: Path, path: Path) -> Prepared:
    start_again(root)
    return _imported(root, path)
