"""What an engine can do: a small interface that DuckDB and Spark both keep.

SQL text is the restricted DuckDB dialect (see `dialect.py`); parameters are written `$name` and bound, never pasted in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol

from springtide.kernel.errors import BadInput

ColumnType = Literal[
    "integer", "bigint", "smallint", "double", "boolean", "date", "timestamp", "varchar", "uuid", "decimal(38,12)"
]


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its type, and what it means. A `timestamp` is UTC and has no zone."""

    name: str
    type: ColumnType
    nullable: bool = True
    about: str = ""


Schema = tuple[Column, ...]


@dataclass(frozen=True)
class Rows:
    """The answer to a query: column names and row tuples."""

    columns: tuple[str, ...]
    values: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.values]

    def scalar(self) -> Any:
        """The only value of a one-row, one-column answer."""
        [[value]] = self.values
        return value


@dataclass(frozen=True)
class Definition:
    """A `.sql` file: what a table or a measure means. `hash` names its version."""

    name: str
    text: str
    hash: str


@cache
def definition(package: str, name: str) -> Definition:
    """The definition `name.sql` that lies beside the code of `package`."""
    text = resources.files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return Definition(name, text, hashlib.sha256(text.encode()).hexdigest()[:16])


_NOT_READ = re.compile(r"--[^\n]*|'(?:[^']|'')*'")  # comments and texts
_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")


def bound(sql: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the text names, outside its comments and literals.

    refuses    missing_parameter    one of them was not given
    """
    named = set(_PARAMETER.findall(_NOT_READ.sub("", sql)))
    missing = sorted(named - params.keys())
    if missing:
        raise BadInput(f"The query needs ${missing[0]}, which was not given.", code="missing_parameter")
    return {name: params[name] for name in named}


@dataclass(frozen=True)
class Walk:
    """How a query goes along the rows of every unit in an order, keeping what it saw last.

    arranged    ends the select whose rows are walked along
    is_first    the condition of a unit's first row, in a select from those
    so_far      what stands after `over`: the rows up to and with this one. On some engines those of other units are among them, so
                that whatever is kept must be set again at the first row.
    """

    arranged: str
    is_first: str
    so_far: str


def walk(unit: Sequence[str], order: str) -> Walk:
    """By windows of the unit: one sort where an engine sees that nested windows share it. Rows that tie in the order are alike."""
    window = f"partition by {', '.join(unit)} order by {order}"
    return Walk("", f"rank() over ({window}) = 1", f"({window} rows between unbounded preceding and current row)")


class Engine(Protocol):
    """One connection to DuckDB or one session of Spark. Not shared between threads."""

    dialect: str

    def view(self, name: str, files: Sequence[Path], schema: Schema) -> None:
        """`name` reads the Parquet files; without files it is an empty table of that schema."""

    def table(self, name: str, schema: Schema, rows: Sequence[tuple[Any, ...]]) -> None:
        """A small table from Python rows; replaces one of that name."""

    def make(self, name: str, sql: str, **params: Any) -> int:
        """Materialise a query as table `name` inside the engine (replacing it), and count its rows."""

    def define(self, name: str, sql: str) -> None:
        """Name a query without running it (replacing what had the name); it has no parameters."""

    def unpack(self, name: str, table: str, column: str, keys: Mapping[str, str]) -> None:
        """`table` as `name`, with keys of the JSON objects in `column` as columns: new column → key.

        Each is twice there: as a text (`x`: whole numbers without a point, null where the key is missing) and as a decimal(38, 12)
        (`x_number`: null where it is no number).
        """

    def walk(self, unit: Sequence[str], order: str) -> Walk:
        """The cheapest walk along the rows of a unit."""

    def rows(self, sql: str, **params: Any) -> Rows:
        """Run a query and fetch everything."""

    def write(self, sql: str, path: Path, **params: Any) -> int:
        """Write a query's rows as one zstd Parquet file at `path`, and count them."""

    def rename(self, name: str, to: str) -> None:
        """Give a view or table another name, replacing what had it."""

    def drop(self, *names: str) -> None:
        """Forget views and tables; unknown names are no error."""

    def close(self) -> None:
        """Give back memory, files and connections."""
