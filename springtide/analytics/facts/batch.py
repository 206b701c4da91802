"""What one publication of an import works with, and what it says when it is done."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from springtide.analytics.engine import DuckEngine, Schema
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts.checking import Reading, sentence
from springtide.analytics.facts.contracts import contract
from springtide.analytics.lake import LakeFile, Publication

MANY_SMALL_FILES = 16
SMALL_ROWS = 4_000_000


@dataclass(frozen=True)
class Counts:
    """What became of the rows of a table: `read` is the sum of the other four."""

    read: int = 0
    taken: int = 0
    duplicate: int = 0
    corrected: int = 0
    quarantined: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.taken + other.taken,
            self.duplicate + other.duplicate,
            self.corrected + other.corrected,
            self.quarantined + other.quarantined,
        )

    def as_dict(self) -> dict[str, int]:
        return {
            "read": self.read,
            "taken": self.taken,
            "duplicate": self.duplicate,
            "corrected": self.corrected,
            "quarantined": self.quarantined,
        }


@dataclass(frozen=True)
class Problem:
    """A rule that rows of a file break: how many, and one of them."""

    table: str
    file: str
    column: str | None
    rule: str
    rows: int
    line: int
    value: str | None

    @property
    def says(self) -> str:
        """For a person: `spot_trades: 3 rows of trades.csv where price is negative, the first is line 17 ('-5')`."""
        seen = f" ({self.value!r})" if self.value is not None else ""
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        what = sentence(contract(self.table), self.column, self.rule)
        return f"{self.table}: {rows} of {self.file} where {what}, the first is line {self.line}{seen}"


@dataclass(frozen=True)
class Filed:
    """What one file's rows of one table came to."""

    table: str
    counts: Counts
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Where an import stands: `rows` of `file` are through, `total` since it began; `step` is reading, checking, comparing, writing."""

    file: str
    table: str
    step: str
    rows: int
    total: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.total / self.seconds if self.seconds > 0 else 0.0


@dataclass
class Batch:
    """One publication in the making, the engine it is made with, and the folder for what is needed on the way."""

    engine: DuckEngine
    publication: Publication
    folder: Path
    zone: ZoneInfo
    now: datetime
    stands: Callable[[str, float, float], None] = lambda step, since, until: (
        None
    )  # a step, and the shares of the work it lies between
    accounts_of: list[tuple[LakeFile, ...] | None] = field(default_factory=lambda: [None])

    @property
    def instant(self) -> str:
        """SQL of the present instant."""
        return f"timestamp '{self.now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"

    def scratch(self) -> Path:
        """A path in the working folder that nothing has."""
        return self.folder / f"{secrets.token_hex(8)}.parquet"

    def files(self, table: str, days: Sequence[date] | None = None) -> list[LakeFile]:
        """The published files of a table, or those that may hold rows of `days`."""
        entries = self.publication.snapshot.entries(table)
        if days is None:
            return list(entries)
        return [file for file in entries if file.first is None or file.last is None or _holds(file, days)]

    def source(self, files: Sequence[LakeFile], *, named: bool = False) -> str:
        """What stands after FROM to read lake files."""
        return parquet([self.publication.lake.root / file.path for file in files], named=named)

    def add(self, table: str, query: str, *, label: str = "all", day: date | None = None, last: date | None = None) -> int:
        """Write a query's rows as one more file of a table."""
        path = self.publication.new_path(table, label)
        rows = self.engine.write(query, path)
        self.publication.add(table, path, rows=rows, day=day, last=last)
        return rows

    def replace(self, table: str, files: Sequence[LakeFile], query: str, *, part: int | None = None) -> None:
        """Put a query's rows in the place of files of a table, on the same days."""
        path = self.publication.new_path(table, f"{files[0].first}" if files and files[0].first else "all")
        rows = self.engine.write(query, path)
        gone = {file.path for file in files}
        self.publication.drop(table, lambda file: file.path in gone)
        firsts = [file.first for file in files if file.first]
        lasts = [file.last for file in files if file.last]
        self.publication.add(table, path, rows=rows, day=min(firsts, default=None), last=max(lasts, default=None), part=part)

    def tidy(self, table: str, schema: Schema, order: str) -> None:
        """Merge a table's small files when there are many."""
        small = [file for file in self.files(table) if file.rows < SMALL_ROWS]
        if len(small) >= MANY_SMALL_FILES:
            names = ", ".join(column.name for column in schema)
            self.replace(table, small, f"select {names} from {self.source(small)} order by {order}")


def parquet(paths: Sequence[Path], *, named: bool = False) -> str:
    """What stands after FROM to read Parquet files, with their names as `filename` on request."""
    listed = ", ".join(literal(path) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true{', filename = true' if named else ''})"


def _holds(file: LakeFile, days: Sequence[date]) -> bool:
    return any(file.first <= day <= file.last for day in days if file.first and file.last)


def problems_of(batch: Batch, reading: Reading, refused: str, part: int) -> tuple[Problem, ...]:
    """The rules that rows of a source break, each with its first row; `refused` is a table (part, line, column_name, rule)."""
    told = batch.engine.rows(
        f"select column_name, rule, count(*) as rows, min(line) as line from {refused} where part = {part} "
        "group by column_name, rule order by rows desc, rule, column_name"
    )
    problems = []
    for column, rule, rows, line in told.values:
        value = None
        if column is not None:
            seen = batch.engine.rows(f"select cast(r_{column} as varchar) from ({reading.typed}) where line = {line}").values
            value = seen[0][0] if seen else None
        problems.append(Problem(reading.contract.name, reading.raw.label, column, rule, rows, line, value and value[:120]))
    return tuple(problems)
