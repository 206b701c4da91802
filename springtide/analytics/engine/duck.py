"""DuckDB in process: the engine of one machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from springtide.analytics.engine.engine import Rows, Schema, Walk, bound

# Dictionaries of thousands of sums cost a third of the time of writing them, and make the file larger; zstd's first level is as small.
PARQUET = "format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000, row_group_size 122880"


def literal(text: object) -> str:
    """A SQL string literal: for file names, which DuckDB does not take as parameters everywhere."""
    return "'" + str(text).replace("'", "''") + "'"


class DuckEngine:
    """One DuckDB connection with a memory limit; built-in extensions only."""

    dialect = "duckdb"

    def __init__(self, *, memory_limit: str = "2GB", threads: int = 0, temp: Path | None = None) -> None:
        config: dict[str, Any] = {"memory_limit": memory_limit, "autoinstall_known_extensions": "false"}
        if threads:
            config["threads"] = threads
        if temp is not None:
            config["temp_directory"] = str(temp)
        self.connection = duckdb.connect(":memory:", config=config)
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute("set enable_progress_bar_print = false")
        self._kinds: dict[str, str] = {}  # every name, and whether it is a view or a table
        self._sources: dict[str, tuple[Path, ...] | Schema] = {}  # the files of a view, the schema of an empty table

    def view(self, name: str, files: Sequence[Path], schema: Schema) -> None:
        if not files:
            self.table(name, schema, ())
        elif self._sources.get(name) != tuple(files):  # the files of a lake never change: the same ones need no new view
            self._make_room(name, "view")
            listed = ", ".join(literal(path) for path in files)
            self.connection.execute(
                f"create or replace temp view {name} as select * from read_parquet([{listed}], union_by_name = true)"
            )
            self._kinds[name], self._sources[name] = "view", tuple(files)

    def table(self, name: str, schema: Schema, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows and self._sources.get(name) == schema:
            return
        self._make_room(name, "table")
        self.connection.execute(f"create or replace temp table {name} ({', '.join(f'{c.name} {c.type}' for c in schema)})")
        self._kinds[name] = "table"
        if rows:
            # One list a column: one statement for all rows, where a statement a row costs a millisecond each.
            columns = ", ".join(f"unnest(cast(? as {column.type}[]))" for column in schema)
            self.connection.execute(
                f"insert into {name} select {columns}", [list(values) for values in zip(*rows, strict=True)]
            )
        else:
            self._sources[name] = schema

    def make(self, name: str, sql: str, **params: Any) -> int:
        if self._kinds.get(name) == "view":
            # The query may read the very view whose name it takes: build first, then swap.
            rows = self.make(f"{name}__new", sql, **params)
            self.rename(f"{name}__new", name)
            return rows
        answer = self.connection.execute(f"create or replace temp table {name} as {sql}", bound(sql, params)).fetchone()
        self._sources.pop(name, None)
        self._kinds[name] = "table"
        return int(answer[0]) if answer else 0

    def define(self, name: str, sql: str) -> None:
        self._make_room(name, "view")
        self.connection.execute(f"create or replace temp view {name} as {sql}")
        self._kinds[name] = "view"

    def unpack(self, name: str, table: str, column: str, keys: Mapping[str, str]) -> None:
        columns = ["*"]
        for new, key in keys.items():
            path = literal(f'$."{key}"')
            number = f"try_cast(json_extract_string({column}, {path}) as decimal(38, 12))"
            is_number = f"json_type({column}, {path}) in ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
            columns.append(f"case when {is_number} then {number} end as {new}_number")
            whole = f"abs({new}_number) < 1000000000000 and {new}_number = cast({new}_number as bigint)"
            text = f"json_extract_string({column}, {path})"
            columns.append(f"case when {whole} then cast(cast({new}_number as bigint) as varchar) else {text} end as {new}")
        self.define(name, f"select {', '.join(columns)} from {table}")

    def walk(self, unit: Sequence[str], order: str) -> Walk:
        # Every nested window would sort again. Sorted once, windows that name no order keep that of the select below them, and need
        # neither a sort nor memory; but to them all rows are one unit.
        same = " and ".join(f"lag({column}, 1, null) over () = {column}" for column in unit)
        return Walk(
            f" order by {', '.join(unit)}, {order}",
            f"not coalesce({same}, false)",
            "(rows between unbounded preceding and current row)",
        )

    def rename(self, name: str, to: str) -> None:
        self.drop(to)
        kind = self._kinds.pop(name)
        self.connection.execute(f"alter {kind} {name} rename to {to}")
        self._kinds[to] = kind
        if name in self._sources:
            self._sources[to] = self._sources.pop(name)

    def _make_room(self, name: str, kind: str) -> None:
        """A view or table can be created over one of its own kind only."""
        if self._kinds.get(name, kind) != kind:
            self.drop(name)
        self._sources.pop(name, None)

    def rows(self, sql: str, **params: Any) -> Rows:
        cursor = self.connection.execute(sql, bound(sql, params))
        return Rows(tuple(column[0] for column in cursor.description or ()), cursor.fetchall())

    def write(self, sql: str, path: Path, **params: Any) -> int:
        answer = self.connection.execute(f"copy ({sql}) to {literal(path)} ({PARQUET})", bound(sql, params)).fetchone()
        return int(answer[0]) if answer else 0

    def drop(self, *names: str) -> None:
        for name in names:
            if kind := self._kinds.pop(name, None):
                self.connection.execute(f"drop {kind} {name}")
                self._sources.pop(name, None)

    def close(self) -> None:
        self.connection.close()
