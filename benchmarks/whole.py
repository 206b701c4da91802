"""A made-up exchange from nothing: simulated, imported, and its days closed, each in a process of its own, once."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from benchmarks.exchange import NOW
from benchmarks.measuring import Bench, Limit, Prepared, Result, Run, in_child
from springtide.home import Home
from springtide.kernel.settings import HomeSettings
from springtide.simulator import simulate as make_up

USERS, DAYS = 10_000, 150
USERS_LARGE, DAYS_LARGE = 1_000_000, 400
MINUTES, MEMORY_MIB = 8, 6 * 1024
LAST_DAY = date(2025, 12, 31)


def simulate(bench: Bench) -> list[Result]:
    """Making up the exchange, and no more."""
    out = bench.folder / "made-up"
    result = _simulated(bench, out)
    shutil.rmtree(out)
    return [result]


def whole(bench: Bench) -> list[Result]:
    """Making it up, importing all that it exports, and closing all of its days."""
    out, home = bench.folder / "made-up", bench.folder / "home"
    with bench.steps("simulating, importing and closing", 3) as step:
        simulated = _simulated(bench, out)
        step()
        imported = in_child(_import, home, out / "exchange")
        shutil.rmtree(out)
        step()
        closed = in_child(_close, home)
        shutil.rmtree(home)
        step()
    rows, days = imported.value, closed.value
    told = f"{rows / imported.wall_s:,.0f} rows/s"
    each = f"{closed.wall_s / days:.2f} s a day, with profiles, strata and moves of every week and of the last 35 days"
    return [
        simulated,
        Result("whole", "import of all its tables", f"{rows:,} rows", imported, note=told),
        Result("whole", "close of all its days", f"{days:,} days", closed, note=each),
    ]


def _simulated(bench: Bench, out: Path) -> Result:
    users, days = (USERS_LARGE, DAYS_LARGE) if bench.is_large else (bench.users or USERS, DAYS)
    run = in_child(_simulate, users, days, bench.seed, out)
    size = f"{users:,} users, {days} days, {run.value:,} trades"
    limits = (Limit("wall s", run.wall_s, MINUTES * 60), _memory(run)) if bench.is_large else ()
    return Result("whole", "a made-up exchange, simulated", size, run, limits=limits)


def _memory(run: Run) -> Limit:
    return Limit("peak MiB", run.peak_mib, MEMORY_MIB)


def _simulate(users: int, days: int, seed: int, out: Path) -> Prepared:
    def run() -> int:
        made = make_up(users=users, days=days, seed=seed, out=out, through=LAST_DAY)
        return made.rows["spot_trades"] + made.rows["contract_trades"]

    return run


def _import(path: Path, exchange: Path) -> Prepared:
    home = Home.create(path, HomeSettings())
    return lambda: home.import_path(exchange, now=NOW).rows


def _close(path: Path) -> Prepared:
    home = Home(path)
    return lambda: len(home.close(now=NOW).days)
