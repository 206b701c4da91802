"""A segment as SQL: one select of user_id over the tables of the lake, in the restricted dialect, and nothing else."""

from __future__ import annotations

from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from springtide.analytics.engine.dialect import lint
from springtide.analytics.segments.beside import READABLE
from springtide.kernel.errors import BadInput, UnknownName, suggest

TABLES: Final = ("profiles", "strata", "users", *READABLE)
LONGEST: Final = 20_000


class BadSelect(BadInput):
    """The SQL of a segment is not one checked select of user_id."""

    default_code = "bad_select"


def checked_select(sql: str) -> str:
    """The select, if a close may run it: one query, only tables of the lake, the restricted dialect, a column user_id.

    refuses    bad_select       several statements, writing, functions of one engine, `*`, no user_id …; the first finding is named
               unknown_table    a table that segments do not read
    """
    sql = sql.strip().rstrip(";").strip()
    if len(sql) > LONGEST:
        raise BadSelect(f"The SQL has {len(sql)} characters; at most {LONGEST} are read.", "Make it shorter.")
    try:
        trees = sqlglot.parse(sql, dialect="duckdb")
    except SqlglotError as bad:
        raise BadSelect(f"The SQL cannot be read: {' '.join(str(bad).split())[:200]}", "Try it in the SQL console.") from bad
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise BadSelect("This is not one select.", "Write one query, without a semicolon inside.")
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.args.get("db") or table.args.get("catalog"):
            raise BadSelect(f"'{table.sql('duckdb')}' is no table of the lake.", f"Read {', '.join(TABLES)}.")
        if table.name not in TABLES and table.name not in named:
            raise UnknownName(f"Segments read no table '{table.name}'.", suggest(table.name, TABLES), code="unknown_table")
        if table.name in named and table.name in TABLES:
            raise BadSelect(f"A step is named '{table.name}', as a table of the lake is.", "Give the step another name.")
    if found := lint(sql):
        raise BadSelect(f"Line {found[0].line}: {found[0].text}", found[0].hint)
    if "user_id" not in tree.named_selects:
        raise BadSelect("The select gives no user_id.", "Select user_id from users, joined by user_no.")
    if stray := [str(one.this) for one in tree.find_all(exp.Placeholder) if str(one.this) != "day"]:
        raise BadSelect(f"There is no ${stray[0]}.", "Only $day may stand there: the day as of which users are chosen.")
    return sql


def columns_of_select(sql: str) -> tuple[str, ...]:
    """The columns that a select names anywhere."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))
