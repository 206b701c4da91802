"""Measuring: CPU seconds, wall time and peak memory, each run in a process of its own; ours and the floor take turns."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

REPEATS = 5

Prepared = Callable[[], Any]  # what is timed; whoever makes it has done the rest before


@dataclass(frozen=True)
class Run:
    """One timed run: CPU seconds over all threads and processes, seconds on the wall, the process's peak memory, and what it gave back."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    value: Any = None


@dataclass(frozen=True)
class Limit:
    """A figure other than the ratio that a line is held to: at most `bound`, or at least."""

    name: str  # with its unit: wall s, peak MiB, rows/s
    figure: float
    bound: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def __str__(self) -> str:
        return f"{self.name} {'≥' if self.at_least else '≤'} {self.bound:,.10g}"


@dataclass(frozen=True)
class Result:
    """One line of the tables. Without a floor only ours is told; `target` bounds the ratio, `note` says what else was seen."""

    part: str
    what: str
    size: str
    ours: Run
    floor: Run | None = None
    target: float | None = None
    note: str = ""
    limits: tuple[Limit, ...] = ()

    @property
    def ratio(self) -> float | None:
        return self.ours.cpu_s / self.floor.cpu_s if self.floor else None

    @property
    def is_met(self) -> bool | None:
        """Is it within all that it is held to? Null where it is held to nothing."""
        held = [limit.is_met for limit in self.held_to]
        return all(held) if held else None

    @property
    def held_to(self) -> tuple[Limit, ...]:
        if self.ratio is None or self.target is None:
            return self.limits
        return (Limit("ratio", self.ratio, self.target), *self.limits)

    def as_dict(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "what": self.what,
            "size": self.size,
            **{f"ours_{name}": round(value, 3) for name, value in _figures(self.ours).items()},
            **{f"floor_{name}": self.floor and round(_figures(self.floor)[name], 3) for name in _figures(self.ours)},
            "ratio": self.ratio and round(self.ratio, 3),
            "target": self.target,
            "limits": [{**asdict(limit), "is_met": limit.is_met} for limit in self.limits],
            "is_met": self.is_met,
            "note": self.note,
        }


def _figures(run: Run) -> dict[str, float]:
    return {"cpu_s": run.cpu_s, "wall_s": run.wall_s, "peak_mib": run.peak_mib}


@dataclass
class Bench:
    """What a part is told: the seed, whether to be large, how often to repeat, where to write; and how it tells its progress."""

    folder: Path
    seed: int = 1
    is_large: bool = False
    repeats: int = REPEATS
    users: int = 0  # instead of the part's own size, for a quick look
    console: Console = field(default_factory=lambda: Console(stderr=True))
    pages: dict[str, str] = field(default_factory=dict)  # pages of docs/reference that a part fills, by their file names

    @contextmanager
    def steps(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """A progress bar; call what it gives after each step."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda: progress.advance(task)

    def pairs(
        self,
        what: str,
        ours: tuple[Callable[..., Prepared], *tuple[Any, ...]],
        floor: tuple[Callable[..., Prepared], *tuple[Any, ...]],
    ) -> tuple[Run, Run]:
        """Ours and the floor in turns, so that a machine that gets slower meanwhile is slower for both; the median of each."""
        runs: tuple[list[Run], list[Run]] = ([], [])
        with self.steps(what, 2 * self.repeats) as step:
            for _ in range(self.repeats):
                for kept, (prepare, *args) in zip(runs, (ours, floor), strict=True):
                    kept.append(in_child(prepare, *args))
                    step()
        return middle(runs[0]), middle(runs[1])


def middle(runs: list[Run]) -> Run:
    """The medians; the value is that of the last run."""
    return Run(
        median(run.cpu_s for run in runs),
        median(run.wall_s for run in runs),
        median(run.peak_mib for run in runs),
        runs[-1].value,
    )


def in_child(prepare: Callable[..., Prepared], *args: Any) -> Run:
    """`prepare(*args)` in a fresh process, then what it returns, timed."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, prepare, args).result()


def _timed(prepare: Callable[..., Prepared], args: tuple[Any, ...]) -> Run:
    timed = prepare(*args)
    others, cpu, wall = _others_cpu_s(), time.process_time(), time.perf_counter()
    value = timed()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Run(cpu + _others_cpu_s() - others, wall, peak_mib(), value)


def _others_cpu_s() -> float:
    """CPU seconds of the processes that this one started: those that ended, and those that run on."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + cpu_s_of(psutil.Process().children(recursive=True))


def cpu_s_of(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds of processes, and of what ran under them and ended."""
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def peak_mib() -> float:
    """The most memory this process ever held. On Linux by VmHWM: the other counter begins with what the parent held at the fork."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
