"""Definitions in ClickHouse's words, run by chDB: for an exchange whose warehouse is ClickHouse.

sqlglot translates, the settings below bring ClickHouse to standard SQL, and `_changed` adds the few words that sqlglot leaves as they are.
What comes out tells how far the restricted dialect goes there; the product itself runs on DuckDB and Spark only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from benchmarks.recording import Step

SETTINGS = {
    "aggregate_functions_null_for_empty": 1,
    "cast_keep_nullable": 1,
    "data_type_default_nullable": 1,
    "group_by_use_nulls": 1,
    "join_use_nulls": 1,
    "prefer_column_name_to_alias": 1,
    "schema_inference_make_columns_nullable": 1,
    "session_timezone": "'UTC'",
    "transform_null_in": 0,
    "union_default_mode": "'DISTINCT'",
}
DAY, TIME = "Nullable(Date32)", "Nullable(DateTime64(6))"
TYPES = {exp.DType.DATE: DAY, exp.DType.TIMESTAMP: TIME, exp.DType.TIMESTAMPNTZ: TIME}
UNSIGNED = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank)
BITS = {
    exp.BitwiseAnd: "bitAnd",
    exp.BitwiseOr: "bitOr",
    exp.BitwiseXor: "bitXor",
    exp.BitwiseLeftShift: "bitShiftLeft",
    exp.BitwiseRightShift: "bitShiftRight",
}


def run_on_clickhouse(steps: Sequence[Step], folder: Path) -> dict[int, str]:
    """Run every query, its answer into `folder`; by its place, what ClickHouse or sqlglot said of those that did not run."""
    session: Any = import_module("chdb.session").Session()
    for name, value in SETTINGS.items():
        session.query(f"set {name} = {value}")
    refusals = {}
    for place, step in enumerate(steps):
        try:
            for name, path in step.tables.items():
                session.query(f"create or replace view {name} as select * from file('{path}', Parquet)")
            answer = session.query(in_clickhouse(step.sql, step.params), "Parquet")
        except (RuntimeError, SqlglotError) as refused:
            refusals[place] = _reason(str(refused))
        else:
            (folder / f"{place}.parquet").write_bytes(answer.bytes())
    session.close()
    return refusals


def in_clickhouse(sql: str, params: Mapping[str, Any]) -> str:
    """The query in ClickHouse's SQL with its parameters put in: each has a type there, which the text does not tell."""
    tree: exp.Expr = sqlglot.parse_one(sql, dialect=DuckDB)
    for node in reversed(list(tree.walk(bfs=False))):  # from the leaves up, as in translation.py
        changed = _changed(node, params)
        if changed is not None:
            node.replace(changed)
    return tree.sql(ClickHouse, comments=False)


def _changed(node: exp.Expr, params: Mapping[str, Any]) -> exp.Expr | None:
    """What stands in the place of `node` on ClickHouse; None if it stays."""
    match node:
        case exp.Placeholder():
            return _value(params[node.name])
        case exp.DataType() if node.this in TYPES:
            return exp.DataType.build(TYPES[node.this], dialect=ClickHouse)
        case exp.BitwiseAnd() | exp.BitwiseOr() | exp.BitwiseXor() | exp.BitwiseLeftShift() | exp.BitwiseRightShift():
            return _call(BITS[type(node)], node.this, node.expression)
        case exp.BitwiseNot():
            return _call("bitNot", node.this)
        case exp.Anonymous() if node.name.lower() == "epoch_us":
            return _call(
                "toUnixTimestamp64Micro", exp.cast(node.expressions[0].copy(), exp.DataType.build(TIME, dialect=ClickHouse))
            )
        case exp.Anonymous() if node.name.lower() == "bit_count":
            return _call("bitCount", node.expressions[0])
        case exp.Count() | exp.Window() if isinstance(_core(node), UNSIGNED) and not isinstance(
            node.parent, exp.Filter | exp.Window
        ):
            return exp.cast(node.copy(), exp.DType.BIGINT)  # beside a signed number it has no type there
        case exp.Column() if isinstance(node.parent, exp.Select) and node.arg_key == "expressions" and not node.is_star:
            return exp.alias_(node.copy(), node.name)  # else a column that two tables have is called `table.column`
    return None


def _core(node: exp.Expr) -> exp.Expr:
    return _core(node.this) if isinstance(node, exp.Filter | exp.Window) else node


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _value(value: Any) -> exp.Expr:
    if isinstance(value, date):  # a time is one too
        kind = TIME if isinstance(value, datetime) else DAY
        return exp.cast(exp.Literal.string(str(value)), exp.DataType.build(kind, dialect=ClickHouse))
    return exp.convert(value)


def _reason(told: str) -> str:
    """ClickHouse's own words, without the query that it repeats."""
    return " ".join(told.split("(version")[0].split(": In scope")[0].split())[:200]
