"""Running a statement in a process of its own, which has the files of its tables and nothing else; and what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final, cast

from springtide.analytics.metrics.answer import Answer, plain
from springtide.home.sql.functions import BOUNDED, FUNCTIONS, MOST_GENERATED, OF_TABLES, OPERATORS
from springtide.kernel.errors import BadInput, Fault, SpringtideError

CHILD: Final = Path(__file__).with_name("child.py")
# What Python, DuckDB and their threads take of the address space before they do anything; measured: 0.9 GiB.
OVERHEAD_MB: Final = 1_536


@dataclass(frozen=True)
class Limits:
    """What one statement may use. Beyond `rows` the answer is cut and says so; beyond anything else the statement is stopped.

    `cell`: characters of one value; `answer_mb`: of the whole answer on its way out.
    """

    rows: int = 100_000
    seconds: int = 30
    cpu_seconds: int = 60
    memory_mb: int = 1_024
    answer_mb: int = 100
    cell: int = 10_000
    threads: int = 2


@dataclass(frozen=True)
class AnswerColumn:
    """A column of an answer: its name and DuckDB's type."""

    name: str
    type: str


@dataclass(frozen=True)
class SqlAnswer(Answer):
    """What a statement gave: rows of ints, floats, Decimals, texts, days and times. `has_more`: it would give more rows than these."""

    columns: tuple[AnswerColumn, ...]
    rows: list[tuple[Any, ...]] = field(repr=False)
    has_more: bool = False

    def _columns(self) -> list[str]:
        return [column.name for column in self.columns]

    def _records(self) -> list[tuple[Any, ...]]:
        return self.rows

    def as_list(self) -> list[dict[str, Any]]:
        return [dict(zip(self._columns(), map(plain, row), strict=True)) for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        columns = [{"name": column.name, "type": column.type} for column in self.columns]
        return {"columns": columns, "rows": [[plain(value) for value in row] for row in self.rows], "has_more": self.has_more}


def run_apart(
    text: str,
    *,
    views: Sequence[str],
    files: Sequence[Path],
    tables: Sequence[str],
    limits: Limits,
    out: IO[bytes],
    python: str = sys.executable,
    child: Path = CHILD,
) -> None:
    """Run `text` in a child that knows `views` over `files`, and write its answer to `out` as lines of JSON.

    refuses    bad_statement      the engine cannot run it; its own words are in the message
               not_in_console     it asks for something else than its tables
               took_too_long, too_much_memory, answer_too_large    it was stopped
    """
    ended: dict[str, Any] | None = None
    started = time.monotonic()
    # -I: neither the environment nor the folder it stands in says what Python imports. A session of its own is killed as a whole.
    process = subprocess.Popen(
        [python, "-I", "-B", str(child)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
    overdue = threading.Timer(limits.seconds, _kill, (process,))
    overdue.start()
    try:
        said, told = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        with told, suppress(BrokenPipeError):
            with said:
                said.write(json.dumps(job_of(text, views=views, files=files, tables=tables, limits=limits)).encode())
            ended = _copied(told, out, limits.answer_mb * 1_000_000)
    finally:
        overdue.cancel()
        _kill(process)
        process.wait()
    if not ended:
        raise _stopped(process.returncode, time.monotonic() - started >= limits.seconds, limits)
    if "error" in ended:
        raise _refused(ended["error"], limits)


def job_of(text: str, *, views: Sequence[str], files: Sequence[Path], tables: Sequence[str], limits: Limits) -> dict[str, Any]:
    """What a child is told."""
    return {
        "text": text,
        "views": list(views),
        "files": [str(path) for path in files],
        "tables": list(tables),
        "functions": sorted(FUNCTIONS | OPERATORS),
        "bounded": sorted(BOUNDED),
        "of_tables": sorted(OF_TABLES),
        "most_generated": MOST_GENERATED,
        "address_space": (limits.memory_mb + OVERHEAD_MB) * 2**20,
        "cpu_seconds": limits.cpu_seconds,
        "seconds": limits.seconds,
        "memory_mb": limits.memory_mb,
        "threads": limits.threads,
        "rows": limits.rows,
        "cell": limits.cell,
    }


def read_answer(lines: IO[bytes]) -> SqlAnswer:
    """The answer that a child wrote."""
    columns: tuple[AnswerColumn, ...] = ()
    rows: list[tuple[Any, ...]] = []
    has_more = False
    readers: list[Any] = []
    for line in lines:
        said = json.loads(line)
        if "columns" in said:
            columns = tuple(AnswerColumn(*column) for column in said["columns"])
            readers = [_reader(column.type) for column in columns]
        rows += [
            tuple(None if v is None else read(v) for v, read in zip(row, readers, strict=True)) for row in said.get("rows", ())
        ]
        has_more = said.get("end", {}).get("has_more", has_more)
    return SqlAnswer(columns, rows, has_more)


def _reader(kind: str) -> Any:
    if kind.startswith("DECIMAL"):
        return Decimal
    known = {"DATE": date.fromisoformat, "TIMESTAMP": datetime.fromisoformat, "DOUBLE": float, "FLOAT": float}
    return known.get(kind, _as_it_is)


def _as_it_is(value: Any) -> Any:
    return value


def _copied(lines: IO[bytes], out: IO[bytes], most: int) -> dict[str, Any] | None:
    """Pass the child's lines on; the last one says how it ended. None when it was cut off."""
    for line in _lines(lines, most):
        if line.startswith((b'{"end"', b'{"error"')):
            ended: dict[str, Any] = json.loads(line)
            out.write(line)
            return ended
        out.write(line)
    return None


def _lines(lines: IO[bytes], most: int) -> Iterator[bytes]:
    left = most
    while line := lines.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise BadInput(
                f"The answer is larger than {most // 1_000_000} MB.",
                "Choose fewer columns, or sum up.",
                code="answer_too_large",
            )
        if line.endswith(b"\n"):
            yield line


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _stopped(code: int | None, is_overdue: bool, limits: Limits) -> SpringtideError:
    if is_overdue or code == -signal.SIGXCPU:
        return _took_too_long(limits)
    if code in (-signal.SIGKILL, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS, 1):
        return _too_much_memory(limits)  # where memory cannot be had, what asked for it dies one way or another
    return Fault(f"The statement's process ended with {code}.", "Run it again; tell whoever runs Springtide if it stays so.")


def _refused(error: Mapping[str, str], limits: Limits) -> SpringtideError:
    code, message = error["code"], error["message"]
    if code == "too_much_memory":
        return _too_much_memory(limits)
    if code == "not_in_console":
        return BadInput(f"The console does not run {message}.", "It runs one query over its own tables.", code=code)
    if code == "bad_statement":
        first, _, rest = message.partition("\n")
        return BadInput(first, rest.strip() or "Compare it with the tables and columns beside the editor.", code=code)
    return Fault(
        f"The engine failed: {message}", "Run it again; tell whoever runs Springtide if it stays so.", code="engine_failed"
    )


def _took_too_long(limits: Limits) -> BadInput:
    hint = "Read fewer days, or sum up before you join."
    return BadInput(f"The statement took more than {limits.seconds} seconds and was stopped.", hint, code="took_too_long")


def _too_much_memory(limits: Limits) -> BadInput:
    hint = "Read fewer days or columns, or sum up before you join."
    return BadInput(f"The statement needed more than {limits.memory_mb:,} MB and was stopped.", hint, code="too_much_memory")
