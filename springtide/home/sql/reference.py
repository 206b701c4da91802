"""The reference page of the console's tables and functions, made from what the console reads by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from springtide.home.sql.functions import GROUPS
from springtide.home.sql.sandbox import Limits
from springtide.home.sql.saved import saved_queries
from springtide.home.sql.tables import Right, ShownTable, shown_tables

RIGHTS: Final[dict[Right, str]] = {"money": "`see_money`", "personal": "`see_personal`", "risk": "`see_risk`"}


def sql_page() -> str:
    """The page, as Markdown."""
    limits = Limits()
    lines = [
        "# The tables of the SQL console",
        "",
        "<!-- Made by ./run docs from springtide/home/sql; do not edit. -->",
        "",
        "One `select` over these tables, with the functions below; [how to use it](../how-to/sql.md). A user is named by `user_id` (the",
        "master of a sub-account), money is DECIMAL USDT, times are UTC. A column that needs a right is not there for whoever lacks it.",
        "",
        f"A statement may give {limits.rows:,} rows and {limits.answer_mb} MB, in {limits.seconds} seconds and {limits.memory_mb:,} MB.",
        "A table that was never given has its columns and no rows.",
        "",
        "## Tables",
    ]
    for table in shown_tables().values():
        lines += [
            "",
            f"### {table.name}",
            "",
            table.about,
            "",
            *_needs(table),
            "| column | type | what it is | needs |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{c.name}` | {c.type} | {c.about.replace('|', chr(92) + '|')} | {', '.join(RIGHTS[right] for right in sorted(c.needs))} |"
            for c in table.columns
        ]
    lines += [
        "",
        "## Functions",
        "",
        "Besides operators and clauses: joins of every kind, `with`, `union`, `window`, `qualify`, `group by all`.",
        "",
    ]
    lines += [f"- {group}: {', '.join(f'`{name}`' for name in names.split())}" for group, names in GROUPS.items()]
    lines += ["", "`range` and `generate_series` take whole numbers that are written out, for at most a million.", ""]
    lines += ["## Queries that ship", "", "`springtide sql --saved KEY` runs one.", "", "| key | question |", "| --- | --- |"]
    lines += [f"| `{query.key}` | {query.question('en')} |" for query in saved_queries()]
    return "\n".join(lines) + "\n"


def _needs(table: ShownTable) -> Iterator[str]:
    if table.needs:
        yield f"The whole table needs {', '.join(RIGHTS[right] for right in sorted(table.needs))}."
        yield ""
    for right, rows in table.without:
        yield f"Without {RIGHTS[right]} only the rows with `{rows}` are there."
        yield ""
