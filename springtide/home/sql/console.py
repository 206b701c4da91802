"""A statement over a home: read, given the files that its member's rights open, run apart, answered."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from springtide.analytics.engine import Engine
from springtide.analytics.engine.duck import literal
from springtide.analytics.lake import Snapshot
from springtide.analytics.lake.manifest import LakeFile
from springtide.home.sql.copies import open_files, sweep
from springtide.home.sql.sandbox import Limits, SqlAnswer, read_answer, run_apart
from springtide.home.sql.statement import Statement, read_statement
from springtide.home.sql.tables import ALL, Rights, ShownTable, empty_sql, shown_tables, stored_columns, view_sql
from springtide.kernel.errors import BadInput

if TYPE_CHECKING:
    from springtide.home.home import Home

_NOT_FOUND = re.compile(r'(?:[Cc]olumn|named) "(\w+)"')
FOLDER = "sql"  # in the home: copies without columns, and the answers of the console


@dataclass(frozen=True)
class Given:
    """What a statement gets to see: views by SQL, the files below them, and the columns of its tables that it does not see."""

    views: tuple[str, ...]
    files: tuple[Path, ...]
    left_out: tuple[str, ...]  # table.column


def check(text: str, rights: Rights = ALL) -> Statement:
    """Read a statement without running it.

    refuses    bad_statement, unknown_table, not_in_console
               table_not_open    a table that these rights do not open
    """
    tables = shown_tables()
    statement = read_statement(text, tables)
    for name in statement.tables:
        if not tables[name].open_to(rights):
            raise BadInput(
                f"The table '{name}' is not open to you.", "Ask an approver for the right to it.", code="table_not_open"
            )
    return statement


def run(
    home: Home,
    text: str,
    out: IO[bytes],
    *,
    rights: Rights = ALL,
    limits: Limits | None = None,
    python: str = sys.executable,
) -> tuple[str, ...]:
    """Run a statement and write its answer to `out`, to be read by `read_answer`; returns the columns that were left out.

    Reads the lake as it stands now, and goes on reading that while others publish.

    refuses    what `check` refuses
               column_not_open    a column that these rights do not open
               took_too_long, too_much_memory, answer_too_large    it was stopped
    """
    statement = check(text, rights)
    with home.reading() as (engine, snapshot):
        given = _given(engine, snapshot, home.path / FOLDER / "files", statement, rights)
    try:
        run_apart(
            statement.text,
            views=given.views,
            files=given.files,
            tables=statement.tables,
            limits=limits or Limits(),
            out=out,
            python=python,
        )
    except BadInput as refused:
        raise _closed_column(refused, given.left_out) or refused from None
    return given.left_out


def answer(home: Home, text: str, *, rights: Rights = ALL, limits: Limits | None = None) -> SqlAnswer:
    """Run a statement and give its answer; refuses what `run` refuses."""
    out = BytesIO()
    run(home, text, out, rights=rights, limits=limits)
    out.seek(0)
    return read_answer(out)


def _closed_column(refused: BadInput, left_out: Sequence[str]) -> BadInput | None:
    """To the engine a column that is not in the file does not exist; who asks for it is told why."""
    named = _NOT_FOUND.search(refused.message)
    found = [column for column in left_out if named and column.rpartition(".")[2] == named[1].lower()]
    if not found:
        return None
    return BadInput(
        f"{found[0]} is not open to you.", "Leave it out, or ask an approver for the right.", code="column_not_open"
    )


def _given(engine: Engine, snapshot: Snapshot, folder: Path, statement: Statement, rights: Rights) -> Given:
    tables = [shown_tables()[name] for name in statement.tables]
    sweep(snapshot, folder)
    views: list[str] = []
    files: list[Path] = []
    if any(table.is_about_users for table in tables):
        users = shown_tables()["users"]
        found = open_files(engine, snapshot, folder, users, snapshot.entries("users"), rights)
        views.append(f"create view user_numbers as select user_no, user_id from ({_read(users, found, rights)})")
        files += found
    for table in tables:
        sources = []
        for day, entries in _entries(snapshot, table):
            found = open_files(engine, snapshot, folder, table, entries, rights)
            files += found
            sources.append(f"select *{day} from ({_read(table, found, rights)})")
        source = " union all by name ".join(sources)
        views.append(f'create view "{table.name}" as {view_sql(table, rights, source)}')
    left_out = tuple(f"{table.name}.{column.name}" for table in tables for column in table.closed_to(rights))
    return Given(tuple(views), tuple(dict.fromkeys(files)), left_out)


def _entries(snapshot: Snapshot, table: ShownTable) -> Iterator[tuple[str, tuple[LakeFile, ...]]]:
    """The files of a table; those of every kept day apart, with the day as a column, where the table shows each."""
    if table.days == "all":
        yield "", snapshot.entries(table.stored)
    elif table.days == "latest":
        day = snapshot.last_day(table.stored)
        yield "", snapshot.entries(table.stored, since=day, until=day) if day else snapshot.entries(table.stored)
    else:
        days = snapshot.days(table.stored)
        for day in days:
            yield f", date '{day}' as as_of", snapshot.entries(table.stored, since=day, until=day)
        if not days:
            yield ", cast(null as date) as as_of", ()


def _read(table: ShownTable, files: list[Path], rights: Rights) -> str:
    """The rows of files as the lake keeps them; a column that came after they were written is null."""
    names = stored_columns(table, rights)
    nothing = empty_sql([column for column in table.schema if column.name in names])
    if not files:
        return nothing
    listed, columns = ", ".join(map(literal, files)), ", ".join(f'"{name}"' for name in names)
    rows = f"select * from read_parquet([{listed}], union_by_name = true)"
    return f"select {columns} from ({rows} union all by name {nothing})"
