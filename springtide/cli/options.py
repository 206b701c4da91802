"""What commands share: the home they speak of, days as arguments, and printing an answer as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from springtide.home import Home
from springtide.kernel.days import parse_day

P = ParamSpec("P")
R = TypeVar("R")


class Day(click.ParamType[date]):
    """A day written as 2026-03-01."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        return value if isinstance(value, date) else parse_day(value)


DAY = Day()
WIDTH_OF_A_FILE = 160  # a pipe has no width, and a table cut at 80 columns says nothing
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON for programs.")


def home_path(function: Callable[Concatenate[Path, P], R]) -> Callable[..., R]:
    """Give a command the folder of its home, named before or after the command's own name."""

    @click.option("--home", "own_home", type=click.Path(path_type=Path, file_okay=False), help="The exchange's folder.")
    @click.pass_context
    @wraps(function)
    def command(ctx: click.Context, /, own_home: Path | None, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(own_home or ctx.obj, *args, **kwargs)

    return command


def with_home(function: Callable[Concatenate[Home, P], R]) -> Callable[..., R]:
    """Give a command its home, opened."""

    @home_path
    @wraps(function)
    def command(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(Home(path), *args, **kwargs)

    return command


def progress_bar() -> Progress:
    """A bar that goes when the work is done; a task says what it is at by `description`, and how far by `said`."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def say(answer: Any) -> None:
    """Print a JSON-able answer for programs."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=None))


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, note: str = "") -> None:
    """Print a table for people: figures to the right with thousands apart."""
    rows = [list(row) for row in rows]
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", caption=note or None, caption_justify="left"
    )
    for number, column in enumerate(columns):
        figures = all(isinstance(row[number], int | float | Decimal) or row[number] is None for row in rows)
        table.add_column(column, justify="right" if rows and figures else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(said, row))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE).print(table)


def said(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
