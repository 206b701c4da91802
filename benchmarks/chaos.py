"""Killing imports and closes at random moments, while somebody reads: is all of it there in the end, and never half of it?

A run imports what was known at some noon, closes, imports everything (late rows of closed days among it), and closes again. It is
killed with SIGKILL at a moment drawn over what is left of it and half as much again, is started again, and goes on with the step it
was at, as `./run` does. Moments are counted in seconds of its CPU, which pass on a busy machine as on an idle one. In the end the
lake must hold what a run holds that nobody killed. A reader reads all the while.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import duckdb
import psutil

from benchmarks.measuring import Bench, Result, Run
from springtide.analytics.engine.duck import literal
from springtide.analytics.lake import Lake, Snapshot
from springtide.home import Home
from springtide.kernel.errors import Fault
from springtide.simulator import simulate

NOW = datetime(2031, 1, 1, tzinfo=UTC)
LAST_DAY, NOON = date(2025, 12, 31), datetime(2025, 12, 24, 12)
USERS, DAYS = 300, 60
LOOK = 0.005  # seconds between two looks at what a process has used
PAUSE = 0.2  # seconds between two reads: the reader is there to look, not to take the machine
STEPS = ("import of what was known", "close", "import of everything", "close with corrections")
MOMENT = ("executed_at", "happened_at", "at", "day")  # the column that says when a fact was

# Processes that begin as copies of one which has read the code already: to start Python anew takes longer than the work.
_APART = get_context("forkserver")
_APART.set_forkserver_preload(["benchmarks.chaos"])


@dataclass(frozen=True)
class Chaos:
    """What came of it. `differences` are tables that do not hold what they should, `broken` what a reader saw that must not be."""

    kills: int
    killed_in: dict[str, int]
    rounds: int
    reads: int
    slowest_read_s: float
    differences: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not (self.differences or self.broken)


@dataclass
class _Seen:
    kills: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    reads: int = 0
    slowest: float = 0.0
    differences: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


KILLS = 100


def kills(bench: Bench) -> list[Result]:
    """A hundred kills; whatever was lost or half visible is a fault."""
    began = time.monotonic()
    with bench.steps("killing", KILLS) as step:
        told = chaos(bench.folder / "chaos", kills=KILLS, seed=bench.seed, step=step)
    if not told.is_whole:
        raise Fault(f"Killing left its traces: {'; '.join((*told.differences, *told.broken))}.")
    used = sum(sum(child.cpu_times()[:4]) for child in psutil.Process().children())  # all that was forked from them
    run = Run(used, time.monotonic() - began, peak_mib=0)
    where = ", ".join(f"{told.killed_in.get(step, 0)} in the {step}" for step in STEPS)
    note = f"{where}; {told.rounds} rounds, nothing lost; {told.reads} reads saw nothing half, the slowest took {told.slowest_read_s:.1f} s"
    return [Result("chaos", f"{KILLS} kills of import and close", f"{USERS} users, {DAYS} days", run, note=note)]


def chaos(
    folder: Path, *, kills: int, seed: int, users: int = USERS, days: int = DAYS, step: Callable[[], None] = lambda: None
) -> Chaos:
    """Kill `kills` times; `step` is called after each."""
    early, everything = folder / "early", folder / "made-up" / "exchange"
    simulate(users=users, days=days, seed=seed, out=folder / "made-up", through=LAST_DAY)
    cut(everything, early)
    undisturbed = _new_home(folder / "undisturbed")
    if _run(undisturbed, early, everything, None) is not None:
        raise AssertionError("nobody killed it")
    left = _seconds_left(undisturbed)
    expected = tables_of(Lake(undisturbed / "lake"))
    seen, chance = _Seen(), random.Random(seed)
    while seen.kills.total() < kills:
        home = _new_home(folder / "disturbed")
        seen.rounds += 1
        with _reader(home, seen):
            while True:
                is_over = seen.kills.total() == kills
                killed_in = _run(home, early, everything, None if is_over else chance.uniform(0, 1.5 * left[_at(home)]))
                if killed_in is None:
                    break
                seen.kills[STEPS[killed_in]] += 1
                step()
        found = tables_of(Lake(home / "lake"))
        seen.differences += [
            f"{table}: {found.get(table)} is not {expected.get(table)}"
            for table in sorted(found.keys() | expected.keys())
            if found.get(table) != expected.get(table)
        ]
        shutil.rmtree(home)
    return Chaos(
        seen.kills.total(),
        dict(seen.kills),
        seen.rounds,
        seen.reads,
        seen.slowest,
        tuple(seen.differences),
        tuple(dict.fromkeys(seen.broken)),
    )


def tables_of(lake: Lake) -> dict[str, tuple[int, int]]:
    """Every table's rows and the sum of their hashes: equal for equal rows, in whatever files and order they lie."""
    snapshot = lake.snapshot()
    snapshot.check()
    with duckdb.connect(":memory:") as connection:
        return {
            table: _counted(snapshot.files(table), connection) for table, files in snapshot.manifest.tables.items() if files
        }


def _counted(files: list[Path], connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    listed = ", ".join(map(literal, files))
    query = (
        f"select count(*), coalesce(sum(cast(hash(t) as hugeint)), 0) from read_parquet([{listed}], union_by_name = true) as t"
    )
    [(rows, hashes)] = connection.execute(query).fetchall()
    return rows, hashes


def cut(everything: Path, early: Path) -> None:
    """What was known at noon of a day: the files of `everything`, without what happened later."""
    with duckdb.connect(":memory:") as connection:
        for path in sorted(everything.glob("*/*.parquet")):
            source = f"read_parquet({literal(path)})"
            columns = [row[0] for row in connection.execute(f"describe from {source}").fetchall()]
            moment = next((name for name in MOMENT if name in columns), None)
            where = f'where cast("{moment}" as timestamp) < {literal(NOON)}' if moment and path.parent.name != "users" else ""
            target = early / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy (from {source} {where}) to {literal(target)} (format parquet)")


def _new_home(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    Home.create(path)
    return path


def _run(home: Path, early: Path, everything: Path, seconds: float | None) -> int | None:
    """Work in a process of its own, killed after `seconds` of its CPU: the step that it was at, or null if it came to its end."""
    process = _APART.Process(target=work, args=(home, early, everything))
    process.start()
    if seconds is not None and _reaches(process, seconds):
        process.kill()
        process.join()
        return _at(home)
    process.join()
    if process.exitcode != 0:
        raise AssertionError(f"the work ended with {process.exitcode}")
    return None


def _reaches(process: BaseProcess, seconds: float) -> bool:
    """Wait until the process has used so much CPU; false if it ends before."""
    looked_at = psutil.Process(process.pid)
    while process.is_alive():
        if sum(looked_at.cpu_times()[:2]) >= seconds:
            return True
        process.join(LOOK)
    return False


def _at(home: Path) -> int:
    """The step that comes next, or is under way."""
    return min(sum(_mark(home, number).exists() for number in range(len(STEPS))), len(STEPS) - 1)


def _mark(home: Path, number: int) -> Path:
    return home / f"done-{number}"


def _seconds_left(home: Path) -> list[float]:
    """CPU seconds from the beginning of every step to the end of the last, of a run that nobody killed."""
    ends = [0.0, *(float(_mark(home, number).read_text()) for number in range(len(STEPS)))]
    return [ends[-1] - begins for begins in ends[:-1]]


@contextmanager
def _reader(home: Path, seen: _Seen) -> Iterator[None]:
    here, there = _APART.Pipe()
    process = _APART.Process(target=read, args=(home, there))
    process.start()
    try:
        yield
    finally:
        here.send("enough")
        reads, slowest, broken = here.recv()
        process.join()
    seen.reads += reads
    seen.slowest = max(seen.slowest, slowest)
    seen.broken += broken


# In the processes of their own


def work(home: Path, early: Path, everything: Path) -> None:
    """The steps that are not done yet, each marked when it is, with the CPU seconds it took from the beginning."""
    opened = Home(home)
    steps: tuple[Callable[[], object], ...] = (
        lambda: opened.import_path(early, now=NOW),
        lambda: opened.close(now=NOW),
        lambda: opened.import_path(everything, now=NOW),
        lambda: opened.close(now=NOW),
    )
    for number, do in enumerate(steps):
        if not _mark(home, number).exists():
            do()
            _mark(home, number).write_text(f"{time.process_time()}")


def read(home: Path, told_to: Connection) -> None:
    """Read until told that it is enough; then tell how many reads there were, the slowest, and what did not fit together."""
    lake, reads, slowest, broken = Lake(home / "lake"), 0, 0.0, list[str]()
    with duckdb.connect(":memory:") as connection:
        while not reads or not told_to.poll(PAUSE):
            began = time.monotonic()
            broken += misfits(lake.snapshot(), connection)
            slowest, reads = max(slowest, time.monotonic() - began), reads + 1
    told_to.send((reads, slowest, broken[:20]))


def misfits(snapshot: Snapshot, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What one snapshot of a lake must not show: files that lack rows, or days that are half closed."""
    found = []
    for table, entries in snapshot.manifest.tables.items():
        told = sum(file.rows for file in entries)
        try:
            rows = _counted(snapshot.files(table), connection)[0] if entries else 0
        except duckdb.Error as error:
            found.append(f"{table} cannot be read: {error}")
            continue
        if rows != told:
            found.append(f"{table} has {rows} rows, and should have {told}")
    closed = snapshot.closed_through
    for table in ("user_days", "active_days", "moves", "profiles", "strata"):
        last = snapshot.last_day(table)
        if last is not None and (closed is None or last > closed):
            found.append(f"{table} tells of {last}, which is not closed")
    if closed is not None:
        found += [
            f"{table} stands at {stands}, and the last closed day is {closed}"
            for table in ("state", "firsts", "activity", "profiles", "strata")
            if (stands := snapshot.last_day(table)) != closed
        ]
        users = [
            sum(file.rows for file in snapshot.entries(table, since=closed, until=closed)) for table in ("profiles", "strata")
        ]
        if users[0] != users[1]:
            found.append(f"{users[0]} users have a profile on {closed}, and {users[1]} stand in strata")
    return found
