"""`springtide sql`: the console's tables for somebody at the machine's own command line, who sees every column."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TextIO

import click

from springtide.cli.options import as_json, say, show, with_home
from springtide.home import Home
from springtide.home import sql as console

SHOWN = 50  # rows of a table on a terminal; a file and --json hold them all


@click.command()
@click.argument("statement", required=False)
@click.option(
    "--file", "source", type=click.File(encoding="utf-8"), help="Read the statement from a file; - is the standard input."
)
@click.option("--saved", help="Run one of the queries that ship.")
@click.option("--list", "wants_list", is_flag=True, help="List the queries that ship.")
@click.option("--tables", "wants_tables", is_flag=True, help="List the tables; with a table's name as STATEMENT, its columns.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the rows to a CSV file.")
@click.option("--xlsx", "xlsx_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the rows to an Excel file.")
@click.option(
    "--rows", type=click.IntRange(1, 1_000_000), default=console.Limits.rows, show_default=True, help="At most so many."
)
@click.option(
    "--seconds", type=click.IntRange(1, 3600), default=console.Limits.seconds, show_default=True, help="At most so long."
)
@as_json
@with_home
def sql(
    home: Home,
    statement: str | None,
    source: TextIO | None,
    saved: str | None,
    wants_list: bool,
    wants_tables: bool,
    csv_path: Path | None,
    xlsx_path: Path | None,
    rows: int,
    seconds: int,
    wants_json: bool,
) -> None:
    """Ask the tables with SQL: springtide sql "select lifecycle, count(*) from strata group by all".

    One query over the tables that --tables lists, run in a process that can reach nothing else; money is USDT, times are UTC.
    """
    if wants_list:
        _list(wants_json)
        return
    if wants_tables:
        _tables(statement, wants_json)
        return
    text = console.saved_query(saved).text if saved else source.read() if source else statement or ""
    started = time.monotonic()
    told = home.sql(text, limits=console.Limits(rows=rows, seconds=seconds, cpu_seconds=2 * seconds))
    took = time.monotonic() - started
    for path, write in ((csv_path, _csv), (xlsx_path, _xlsx)):
        if path:
            write(told, path, text)
    if wants_json:
        say({**told.as_dict(), "seconds": round(took, 3)})
    elif csv_path or xlsx_path:
        click.echo(f"Wrote {len(told.rows):,} rows{', and there are more' if told.has_more else ''}.")
    else:
        note = f"{len(told.rows):,} rows{' and more' if told.has_more else ''} in {took:.1f} s"
        note += f"; the first {SHOWN} are shown" if len(told.rows) > SHOWN else ""
        show("", [column.name for column in told.columns], told.rows[:SHOWN], note=note)


def _list(wants_json: bool) -> None:
    queries = console.saved_queries()
    if wants_json:
        say([{"key": q.key, "title": q.title("en"), "question": q.question("en"), "sql": q.text} for q in queries])
    else:
        show("Queries that ship", ("key", "question"), [(query.key, query.question("en")) for query in queries])


def _tables(name: str | None, wants_json: bool) -> None:
    tables = [console.shown_table(name)] if name else list(console.shown_tables().values())
    if wants_json:
        columns = {t.name: [{"name": c.name, "type": c.type, "about": c.about} for c in t.columns] for t in tables}
        say([{"table": table.name, "about": table.about, "columns": columns[table.name]} for table in tables])
    elif name:
        show(tables[0].name, ("column", "type", "what it is"), [(c.name, c.type, c.about) for c in tables[0].columns])
    else:
        show("Tables", ("table", "what it is"), [(table.name, table.about) for table in tables])


def _csv(told: console.SqlAnswer, path: Path, text: str) -> None:
    with path.open("wb") as out:
        out.writelines(console.csv_lines(told))


def _xlsx(told: console.SqlAnswer, path: Path, text: str) -> None:
    with path.open("wb") as out:
        console.write_xlsx(told, out, [("Statement", text)])


COMMANDS = (sql,)
