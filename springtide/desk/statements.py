"""What the SQL page shows of a run: its rows as a table, a picture where they make one, and the tables that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from springtide.desk import figures
from springtide.home import sql
from springtide.home.sql import AnswerColumn, Rights, SqlAnswer

ROWS_SHOWN: Final = 500
GROUPED_FROM: Final = 10_000  # smaller whole numbers may be years
MOST_LABELS: Final = {"lines": 400, "stacks": 40}
MOST_SERIES: Final = 8
USERS: Final = "user_id"  # the column that names users


@dataclass(frozen=True)
class Cell:
    """A value as it is shown; `opens`: the page of the user that it names."""

    text: str
    is_figure: bool
    is_nothing: bool = False
    opens: str | None = None


@dataclass(frozen=True)
class Shown:
    """The first rows of an answer, and what `charts.js` draws of all of them."""

    columns: tuple[tuple[str, bool], ...]  # name, is it a figure
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    has_more: bool
    chart: dict[str, Any] | None
    chart_kind: str
    users: int | None  # different users, where the answer names them


def shown(answer: SqlAnswer, *, opens_users: bool) -> Shown:
    """An answer as the page shows it."""
    figure = [_is_figure(column) for column in answer.columns]
    kind, chart = chart_of(answer)
    return Shown(
        columns=tuple(zip([column.name for column in answer.columns], figure, strict=True)),
        rows=tuple(
            tuple(
                _cell(value, column, is_figure, opens_users)
                for value, column, is_figure in zip(row, answer.columns, figure, strict=True)
            )
            for row in answer.rows[:ROWS_SHOWN]
        ),
        total=len(answer.rows),
        has_more=answer.has_more,
        chart=chart,
        chart_kind=kind,
        users=len(user_ids(answer)) if names_users(answer) else None,
    )


def names_users(answer: SqlAnswer) -> bool:
    """Has it a column of ids of users?"""
    return any(column.name.lower() == USERS and column.type == "VARCHAR" for column in answer.columns)


def user_ids(answer: SqlAnswer) -> list[str]:
    """The users that an answer names, each once, in its order."""
    place = next(n for n, column in enumerate(answer.columns) if column.name.lower() == USERS)
    return list(dict.fromkeys(str(row[place]) for row in answer.rows if row[place] is not None))


# Pictures


def chart_of(answer: SqlAnswer) -> tuple[str, dict[str, Any] | None]:
    """The kind of picture and its data: lines over days, bars over anything else; nothing where the rows make no picture.

    The first column says the labels. Either the others that are figures of one unit are the series, or, of three columns, the
    second names the series and the third is the figure.
    """
    names, columns, rows = [column.name for column in answer.columns], answer.columns, answer.rows
    figure = [_is_figure(column) for column in columns]
    if len(columns) < 2 or len(rows) < 2 or not any(figure[1:]):
        return "", None
    kind = "lines" if columns[0].type in ("DATE", "TIMESTAMP") else "stacks"
    if len(columns) == 3 and not figure[1]:
        series = _by_name(rows)
    elif figure[1] and len({row[0] for row in rows}) == len(rows):
        unit = _unit(names[1])
        places = [n for n in range(1, len(columns)) if figure[n] and _unit(names[n]) == unit]
        places = places[:1] if kind == "stacks" else places[:MOST_SERIES]  # parts of one another do not stack
        series = {names[place]: {row[0]: row[place] for row in rows} for place in places}
    else:
        return "", None
    labels = list(dict.fromkeys(row[0] for row in rows if row[0] is not None))
    if kind == "lines" or all(isinstance(label, int) for label in labels):
        labels.sort()
    if not 2 <= len(labels) <= MOST_LABELS[kind]:
        return "", None
    told = [{"name": name, "values": [_number(values.get(label)) for label in labels]} for name, values in series.items()]
    return kind, {"labels": [_plain(label) for label in labels], "unit": _unit(names[-1]), "series": told}


def _by_name(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[Any, Any]]:
    """Series by the second column; the largest by themselves, the rest as one."""
    sums: dict[str, float] = {}
    for _label, name, value in rows:
        sums[_plain(name)] = sums.get(_plain(name), 0) + abs(_number(value) or 0)
    largest = sorted(sums, key=lambda name: -sums[name])[: MOST_SERIES if len(sums) <= MOST_SERIES else MOST_SERIES - 1]
    series: dict[str, dict[Any, Any]] = {name: {} for name in largest}
    for label, name, value in rows:
        values = series.setdefault(_plain(name) if _plain(name) in largest else _("others"), {})
        values[label] = values.get(label, 0) + (_number(value) or 0)
    return series


def _unit(name: str) -> str:
    """What a column counts in, by its name: only what counts in one unit is drawn together."""
    return next((unit for unit in ("usdt", "percent", "ratio", "days") if name.endswith(unit)), "users")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) else None


# Values


def _is_figure(column: AnswerColumn) -> bool:
    return column.type.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or column.type.endswith("INT") or column.type == "INTEGER"


def _cell(value: Any, column: AnswerColumn, is_figure: bool, opens_users: bool) -> Cell:
    if value is None:
        return Cell(figures.NONE, is_figure, is_nothing=True)
    if opens_users and column.name.lower() == USERS:
        return Cell(str(value), False, opens=f"{reverse('user')}?{urlencode({'user': value})}")
    if is_figure and column.name.endswith("_usdt"):
        return Cell(figures.exact_money(value), True)
    return Cell(_plain(value), is_figure)


def _plain(value: Any) -> str:
    """A value as a person reads it, with every digit that it has."""
    match value:
        case None:
            return figures.NONE
        case bool():
            return _("yes") if value else _("no")
        case int():
            return figures.count(value) if abs(value) >= GROUPED_FROM else str(value).replace("-", "−")
        case float() | Decimal():
            text = f"{value:,.6f}".rstrip("0").rstrip(".")
            return text.replace("-", "−")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
        case date():
            return value.isoformat()
    return str(value)


# The tables


@dataclass(frozen=True)
class TableOpen:
    """A table of the schema browser: the columns that the member sees, and the names of those left out."""

    name: str
    about: str
    columns: tuple[sql.ShownColumn, ...]
    left_out: tuple[str, ...]


def tables_open(rights: Rights) -> tuple[TableOpen, ...]:
    """Every table, in the order of the browser; those that are closed altogether come last."""
    found = [
        TableOpen(table.name, table.about, table.open_to(rights), tuple(column.name for column in table.closed_to(rights)))
        for table in sql.shown_tables().values()
    ]
    return tuple(sorted(found, key=lambda table: not table.columns))
