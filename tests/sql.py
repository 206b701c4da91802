"""Plain DuckDB for a test: to write a file that it needs, or to look into one."""

from __future__ import annotations

from typing import Any

import duckdb


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of one statement, on a connection of its own: on one that is shared, an answer that nobody read to its end bars the next."""
    with duckdb.connect(":memory:") as connection:
        return connection.execute(sql, values).fetchall()
