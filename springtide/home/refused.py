"""Rows in quarantine: which rules they broke, and the rows as they came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from springtide.analytics.engine import Engine
from springtide.analytics.facts import contract, fact_schema
from springtide.analytics.facts.checking import sentence
from springtide.analytics.lake import Snapshot
from springtide.kernel.errors import BadInput

MOST_ROWS = 1_000


@dataclass(frozen=True)
class BrokenRule:
    """Rows of one file that break one rule. `says`: `price is negative`."""

    table: str
    file: str
    column: str | None
    rule: str
    says: str
    rows: int


@dataclass(frozen=True)
class RefusedRow:
    """A row as it came (a JSON object of texts), with what is wrong in it. Times are UTC without a zone."""

    table: str
    file: str
    line: int
    column: str | None
    value: str | None
    rule: str
    says: str
    row: str
    imported_at: datetime


@dataclass(frozen=True)
class Quarantine:
    """What is refused as things stand: every broken rule with its count, and a page of rows."""

    total: int
    rules: tuple[BrokenRule, ...]
    rows: tuple[RefusedRow, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "rules": [
                {"table": r.table, "file": r.file, "column": r.column, "rule": r.rule, "says": r.says, "rows": r.rows}
                for r in self.rules
            ],
        }


def quarantine(
    engine: Engine,
    snapshot: Snapshot,
    *,
    table: str | None = None,
    file: str | None = None,
    rule: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Quarantine:
    """The quarantine, and a page of its rows of one table, file or rule; `total` counts the rows that the page is cut from.

    refuses    unknown_table    no input table has this name
    """
    if table is not None:
        contract(table)
    if not (0 <= limit <= MOST_ROWS and 0 <= offset <= 2**31):
        raise BadInput(f"A page of {limit} rows from row {offset} cannot be made.", f"Ask for at most {MOST_ROWS} rows.")
    snapshot.attach(engine, "quarantine", fact_schema("quarantine"))
    grouped = engine.rows(
        "select table_name, file, column_name, rule, count(*) as refused from quarantine"
        " group by table_name, file, column_name, rule order by refused desc, table_name, file, column_name, rule"
    )
    rules = tuple(
        BrokenRule(name, of, column, broken, _says(name, column, broken), rows)
        for name, of, column, broken, rows in grouped.values
    )
    where = "($table is null or table_name = $table) and ($file is null or file = $file) and ($rule is null or rule = $rule)"
    asked = {"table": table, "file": file, "rule": rule}
    total = engine.rows(f"select count(*) from quarantine where {where}", **asked).scalar()
    page = engine.rows(
        "select table_name, file, line, column_name, value, rule, row, imported_at from quarantine"
        f" where {where} order by imported_at desc, table_name, file, line limit {int(limit)} offset {int(offset)}",
        **asked,
    )
    rows = tuple(
        RefusedRow(name, of, line, column, value, broken, _says(name, column, broken), row, at)
        for name, of, line, column, value, broken, row, at in page.values
    )
    return Quarantine(int(total), rules, rows)


def _says(table: str, column: str | None, rule: str) -> str:
    return sentence(contract(table), column, rule)
