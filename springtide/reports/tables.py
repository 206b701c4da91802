"""The tables of a report: one description serves the workbook, the page and the files, so all show the same numbers.

A cell is text (as it was given, or `Words` in both languages), a count, Decimal USDT, a ratio, a day, or a `Name` (a key with its
words); what is not known is None. A column that follows from others carries its formula: the workbook recalculates it, and every other
face shows the value that was computed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml

from springtide.analytics.strata import Words

# amount: a count, money or a ratio, as the `unit` of its row says; change: a share with its sign; check: a difference that ought to be 0
Kind = Literal["text", "words", "name", "count", "usdt", "ratio", "change", "number", "amount", "day", "check"]
FIGURES: tuple[Kind, ...] = ("count", "usdt", "ratio", "change", "number", "amount", "check")


@dataclass(frozen=True)
class Name:
    """Something with a key for programs and words for people: a stratum, a step, a market regime."""

    key: str
    words: Words


Cell = None | str | int | float | Decimal | date | Name | Words


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `formula` says how it follows from the others: `{new}` is the cell of column `new` in the same row, `{^active}` the one in the row
    above, `{d1..top1}` the cells from one column to another, `{:users}` a whole column. In a row where it cannot be told the cell is
    None, and there is no formula either.
    """

    key: str
    kind: Kind
    heading: Words
    about: Words
    formula: str = ""
    sums: bool = False  # is the sum over all rows worth showing?
    hides_zero: bool = False  # in a matrix most cells are empty, and a zero there only distracts

    def rendered(self, refer: Callable[[str, str], str]) -> str:
        """The formula with every reference replaced by `refer(how, column)`; how is '', '^', ':' or the column at which a run ends."""

        def reference(found: re.Match[str]) -> str:
            prefix, key, end = found.groups(default="")
            return refer(end or prefix, key)

        return re.sub(r"\{([\^:]?)(\w+)(?:\.\.(\w+))?\}", reference, self.formula)


@dataclass(frozen=True)
class Shape:
    """What a table asks and which columns it has, before it has rows."""

    title: Words
    question: Words
    columns: tuple[Column, ...]

    def table(
        self,
        key: str,
        rows: Iterable[Mapping[str, Cell]],
        *,
        openings: Iterable[int] = (),
        metric: str = "",
    ) -> Table:
        """The table with these rows, each by column; cells of other columns are left out, and so are columns that no row has."""
        told = list(rows)
        columns = tuple(column for column in self.columns if not told or any(column.key in row for row in told))
        cells = tuple(tuple(row.get(column.key) for column in columns) for row in told)
        return Table(key, self.title, self.question, columns, cells, frozenset(openings), metric)


@dataclass(frozen=True)
class Table:
    """A table of a report. `key` names its file and its place in a workbook.

    `openings`: rows (from 0) before which nothing is known, so that a formula which looks at the row above does not hold there.
    `metric`: the entry of the registry that it shows, which says how it is reckoned and by which version; empty where there is none.
    """

    key: str
    title: Words
    question: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    openings: frozenset[int] = frozenset()
    metric: str = ""

    def place(self, key: str) -> int:
        """The position of a column."""
        return next(place for place, column in enumerate(self.columns) if column.key == key)

    def values(self, key: str) -> list[Cell]:
        """A column's cells."""
        place = self.place(key)
        return [row[place] for row in self.rows]

    @property
    def totals(self) -> dict[str, Decimal | int]:
        """Column → its sum, where the sum is worth showing; a cell that is not known adds nothing."""
        sums: dict[str, Decimal | int] = {}
        for column in self.columns if self.rows else ():
            if column.sums:
                none: Decimal | int = Decimal(0) if column.kind == "usdt" else 0
                sums[column.key] = sum((v for v in self.values(column.key) if isinstance(v, int | Decimal)), none)
        return sums


@cache
def _shapes() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("tables.yml").read_text(encoding="utf-8")
    shapes: dict[str, Any] = yaml.safe_load(text)
    return shapes


def shape(name: str, **parts: Words | str) -> Shape:
    """The shape of that name in tables.yml. `parts` fill in the {names} of its title, question and headings."""
    told = _shapes()[name]

    def words(of: Mapping[str, str]) -> Words:
        filled = {
            language: {part: (getattr(value, language) if isinstance(value, Words) else value) for part, value in parts.items()}
            for language in ("en", "zh")
        }
        return Words(of["en"].format(**filled["en"]), of["zh"].format(**filled["zh"]))

    def column(key: str, of: Mapping[str, Any]) -> Column:
        about = Words(of["about"], of["zh_about"]) if "about" in of else words(of)
        return Column(key, of["kind"], words(of), about, of.get("formula", ""), of.get("sums", False))

    columns = tuple(column(key, of) for key, of in told["columns"].items())
    return Shape(words(told["title"]), words(told["question"]), columns)
