"""Reading a log of events that a person brings: lists, objects, or a CSV, JSON, NDJSON or Parquet file.

An event is `[user, event, time, {properties}]`, or an object with those keys. What a table has besides user, event and time is a
property; a column `properties` holds more of them as JSON.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from springtide.kernel.errors import BadInput

KEYS = ("user", "event", "time", "properties")
SAME_AS = {
    "user_id": "user", "uid": "user", "distinct_id": "user", "name": "event", "event_name": "event",
    "at": "time", "timestamp": "time", "happened_at": "time",
}  # fmt: skip
SUFFIXES = (".csv", ".csv.gz", ".json", ".ndjson", ".jsonl", ".parquet")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Brought:
    """One event: who, what, when (microseconds since 1970, UTC) and its properties."""

    user: str
    event: str
    at_us: int
    properties: Mapping[str, Any]


def read_events(given: str | Path | Iterable[Any]) -> list[Brought]:
    """The events of a file or a list, in the order they came in.

    refuses    no_file, unknown_format    there is no such file, or it is of no known format
               bad_event                  an event without user, name or time; the first one is shown with its place
    """
    rows = _of_file(Path(given)) if isinstance(given, str | Path) else given
    return [_event(row, place) for place, row in enumerate(rows, 1)]


def _of_file(path: Path) -> Iterable[Any]:
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", "Name a file of events.", code="no_file")
    match "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix.lower():
        case ".csv" | ".csv.gz":
            return _of_csv(path)
        case ".json":
            return _of_json(path)
        case ".ndjson" | ".jsonl":
            return _of_lines(path)
        case ".parquet":
            return _of_parquet(path)
    raise BadInput(f"{path.name} is of no known format.", f"It can be: {', '.join(SUFFIXES)}.", code="unknown_format")


def _of_csv(path: Path) -> Iterator[dict[str, Any]]:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8-sig", newline="") as file
    ):
        for row in csv.DictReader(file):
            yield {name: value for name, value in row.items() if value not in ("", None) and name}


def _of_json(path: Path) -> list[Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as bad:
        raise BadInput(f"{path.name} is not JSON: {bad}.", "Give a list of events.", code="bad_file") from bad
    if isinstance(found, Mapping) and isinstance(found.get("events"), list):
        found = found["events"]
    if not isinstance(found, list):
        raise BadInput(f"{path.name} holds no list.", "Give a list of events.", code="bad_file")
    return found


def _of_lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as bad:
                    raise BadInput(
                        f"Line {number} of {path.name} is not JSON.", "Give one event a line.", code="bad_file"
                    ) from bad


def _of_parquet(path: Path) -> Iterator[dict[str, Any]]:
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
        cursor = connection.execute("select * from read_parquet(?)", [str(path)])
        names = [column[0] for column in cursor.description or ()]
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _event(row: Any, place: int) -> Brought:
    named: dict[str, Any] = {}
    if isinstance(row, Mapping):
        for key, value in row.items():
            name = SAME_AS.get(str(key), str(key))
            named[str(key) if name in row and name != key else name] = value
        user, event, time, held = (named.pop(key, None) for key in KEYS)
    elif isinstance(row, Sequence) and not isinstance(row, str | bytes) and 3 <= len(row) <= 4:
        (user, event, time), held = row[:3], row[3] if len(row) == 4 else None
    else:
        user = event = time = held = None
    at_us = instant(time)
    properties = _properties(held)
    if user is None or not isinstance(event, str) or at_us is None or properties is None:
        seen = repr(row)
        raise BadInput(
            f"Event {place} is {seen if len(seen) <= 120 else seen[:119] + '…'}.",
            'Write it as ["user", "event", "2026-03-01T12:00:00+00:00", {"property": "value"}].',
            code="bad_event",
        )
    return Brought(str(user), event, at_us, {**named, **properties})


def _properties(held: Any) -> Mapping[str, Any] | None:
    if isinstance(held, str):
        try:
            held = json.loads(held)
        except ValueError:
            return None
    return {} if held is None else held if isinstance(held, Mapping) else None


def instant(time: Any) -> int | None:
    """Microseconds since 1970; a time without an offset is UTC, a number counts seconds since 1970."""
    try:
        if isinstance(time, str):
            time = datetime.fromisoformat(time)
        elif isinstance(time, int | float) and not isinstance(time, bool):
            return round(time * 1_000_000)
    except ValueError:
        return None
    if isinstance(time, datetime):
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        found = aware - EPOCH
        return (found.days * 86_400 + found.seconds) * 1_000_000 + found.microseconds
    if isinstance(time, date):
        return (time - EPOCH.date()).days * 86_400_000_000
    return None
