"""One definition on both engines: the same rows and the same types, or a difference that says where.

Whole numbers, decimals, dates, times, texts and truths must be equal; doubles to 1e-12 of their size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from benchmarks.same import Row, difference, in_order
from springtide.analytics.engine import Definition, DuckEngine, Engine, Schema
from springtide.analytics.engine.duck import literal
from springtide.analytics.engine.spark import SparkEngine


@dataclass(frozen=True)
class Table:
    """A small table for a definition to read."""

    schema: Schema
    rows: Sequence[Row] = ()


def agree(
    definition: Definition | str, tables: Mapping[str, Table], params: Mapping[str, Any] | None = None, *, spark: SparkEngine
) -> list[Row]:
    """Run a definition on DuckDB and on Spark, as a close does: into Parquet. The rows, sorted, if both wrote the same.

    Types are compared as they are stored, because that is what the next step reads.
    """
    sql = definition if isinstance(definition, str) else definition.text
    duck = DuckEngine(memory_limit="512MB", threads=2)
    try:
        with TemporaryDirectory(prefix="springtide-agree-") as folder:
            there = Path(folder) / "duck.parquet", Path(folder) / "spark.parquet"
            engines: tuple[Engine, ...] = (duck, spark)
            for engine, path in zip(engines, there, strict=True):
                _run(engine, sql, tables, params or {}, path)
            (duck_types, duck_rows), (spark_types, spark_rows) = map(_stored, there)
    finally:
        duck.close()
        spark.drop(*tables)
    name = definition.name if isinstance(definition, Definition) else sql
    assert spark_types == duck_types, f"{name}: Spark's columns are {spark_types}, DuckDB's {duck_types}"
    assert_same(duck_rows, spark_rows, name)
    return duck_rows


def _run(engine: Engine, sql: str, tables: Mapping[str, Table], params: Mapping[str, Any], path: Path) -> None:
    for name, table in tables.items():
        engine.table(name, table.schema, table.rows)
    engine.write(sql, path, **params)


def _stored(path: Path) -> tuple[list[tuple[str, str]], list[Row]]:
    with duckdb.connect() as reader:
        types = [(name, kind) for name, kind, *_ in reader.execute(f"describe select * from {literal(path)}").fetchall()]
        return types, in_order(reader.execute(f"select * from {literal(path)}").fetchall())


def assert_same(ours: Sequence[Row], theirs: Sequence[Row], name: str) -> None:
    """Two lists of rows say the same: the first on DuckDB, the second on Spark."""
    where = difference(ours, theirs)
    assert where is None, f"{name}: on Spark {where}"
