"""Experiments that a person brings: mappings, a data frame, or a file, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from springtide.analytics.engine.duck import literal
from springtide.kernel.errors import BadInput

_READERS = {
    ".csv": "read_csv", ".csv.gz": "read_csv", ".parquet": "read_parquet",
    ".json": "read_json", ".ndjson": "read_json", ".jsonl": "read_json",
}  # fmt: skip


def rows_of(data: Any) -> list[Mapping[str, Any]]:
    """The rows of what was brought.

    refuses    no_file, unknown_format    there is no such file, or it is of no known format
               bad_file                   it cannot be read as what its name says
               bad_rows                   it is neither a file, a data frame, nor rows
    """
    if isinstance(data, str | Path):
        return _of_file(Path(data))
    if hasattr(data, "to_dicts"):  # polars
        return list(data.to_dicts())
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # pandas
        return list(data.to_dict("records"))
    rows = list(data) if isinstance(data, Iterable) else [data]
    if wrong := next((row for row in rows if not isinstance(row, Mapping)), None):
        raise BadInput(f"A row is {wrong!r:.80}.", "Give rows such as {'arm': 'treated', 'y': 1.5}.", code="bad_rows")
    return rows


def _of_file(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", "Name a CSV, Parquet or JSON file.", code="no_file")
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix == ".gz" else path.suffix.lower()
    if suffix not in _READERS:
        raise BadInput(f"'{path.name}' is of no known format.", f"Use one of {', '.join(_READERS)}.", code="unknown_format")
    with duckdb.connect(":memory:") as connection:
        try:
            cursor = connection.execute(f"select * from {_READERS[suffix]}({literal(str(path))})")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.Error as bad:
            said = str(bad).splitlines()[0]
            raise BadInput(f"'{path.name}' cannot be read: {said}", "Save it anew, or bring rows.", code="bad_file") from bad
