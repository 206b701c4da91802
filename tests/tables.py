"""Small tables as aligned text, read into rows by what the columns' names end in, and lakes made of them.

    user_no  day         product
    1        2026-03-01  trading

`_usdt` is money, written in USDT and kept in 1e-6 USDT; `_on` and `day` are dates; `_at` is a UTC time (2026-03-01 or
2026-03-01T12:30); `_ratio` is a double; `_mask` is written in bits, the latest last; `is_` and `has_` are yes or no; TEXTS are texts;
everything else is a whole number. `-` is null. A table of the lake may leave columns out: they are null, or 0, or what DEFAULTS says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from springtide.analytics.daybook import tables as daybook
from springtide.analytics.daybook.weights import day_bits
from springtide.analytics.engine import Column, ColumnType, DuckEngine, Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Lake, Snapshot
from springtide.kernel.days import days
from springtide.kernel.money import micro

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEXTS = {
    "product", "state", "stratification", "stratum", "from_stratum", "to_stratum",
    "kind", "was", "becomes", "regime", "user_type", "status", "country", "language",
    "channel_id", "key", "user_id", "side", "campaign_ref",
    "lifecycle", "tenure", "activity", "frequency", "assets", "behaviour", "value", "incentive", "vip_distance",
}  # fmt: skip
STRATA: Schema = (
    Column("user_no", "integer", False),
    Column("is_counted", "boolean", False),
    *(
        Column(key, "varchar")
        for key in (
            "lifecycle", "tenure", "activity", "frequency", "assets", "behaviour", "value", "incentive", "vip_distance",
        )
    ),
)  # fmt: skip
SCHEMAS: Mapping[str, Schema] = {
    "user_days": daybook.USER_DAYS,
    "active_days": daybook.ACTIVE_DAYS,
    "equity_days": daybook.EQUITY_DAYS,
    "activity": daybook.ACTIVITY,
    "firsts": daybook.FIRSTS,
    "profiles": daybook.PROFILES,
    "state": daybook.STATE,
    "moves": daybook.MOVES,
    "market_days": daybook.MARKET_DAYS,
    "strata": STRATA,
    "users": fact_schema("users"),
}
DEFAULTS: Mapping[str, Any] = {"is_counted": True, "user_type": "retail", "status": "active", "kind": "stratum"}
BY_DAY = ("user_days", "active_days", "equity_days", "moves")


def read(text: str, schema: Schema | None = None) -> tuple[Schema, list[tuple[Any, ...]]]:
    """The schema and the rows of an aligned text table; with `schema`, all of its columns in its order."""
    heading, *lines = [line.split() for line in text.strip().splitlines() if line.strip()]
    for line in lines:
        assert len(line) == len(heading), f"{len(heading)} columns, but a row of {len(line)}: {' '.join(line)}"
    types = {column.name: column.type for column in schema or ()} or {name: type_of(name) for name in heading}
    unknown = set(heading) - types.keys()
    assert not unknown, f"no such column: {', '.join(sorted(unknown))}"
    schema = schema or tuple(Column(name, types[name]) for name in heading)
    places = {name: place for place, name in enumerate(heading)}
    rows = [tuple(_value(line[places[c.name]], c) if c.name in places else _default(c) for c in schema) for line in lines]
    return schema, rows


def type_of(name: str) -> ColumnType:
    """What a column holds, by its name."""
    endings: tuple[tuple[str, ColumnType], ...] = (
        (r"_usdt$|_mask$|_bit$", "bigint"),
        (r"_ratio$", "double"),
        (r"_at$|^valid_(from|to)$", "timestamp"),
        (r"(^|_)(day|on)$", "date"),
        (r"^(is|has)_", "boolean"),
        (r"_no$|_level$", "integer"),
    )
    return next((kind for ending, kind in endings if re.search(ending, name)), "varchar" if name in TEXTS else "bigint")


def _value(word: str, column: Column) -> Any:
    if word in ("-", "null"):
        return None
    if column.name.endswith("_usdt"):
        return micro(Decimal(word.replace(",", "")))
    if column.name.endswith("_mask"):
        return int(word, 2)
    match column.type:
        case "date":
            return date.fromisoformat(word)
        case "timestamp":
            return datetime.fromisoformat(word)
        case "boolean":
            return {"yes": True, "no": False, "true": True, "false": False}[word]
        case "double":
            return float(word)
        case "varchar":
            return word
    return int(word.replace(",", ""))


def _default(column: Column) -> Any:
    if column.name in DEFAULTS:
        return DEFAULTS[column.name]
    if column.nullable and column.type != "bigint":
        return None
    return {"boolean": False, "varchar": "", "date": date(2000, 1, 1), "timestamp": datetime(2000, 1, 1)}.get(column.type, 0)


def has(engine: Engine, name: str, text: str, schema: Schema | None = None) -> None:
    """Put an aligned text table into an engine; a table of the lake takes its schema from there."""
    engine.table(name, *read(text, schema or SCHEMAS.get(name)))


class SmallLake:
    """A lake whose derived tables are given as text, closed on the days from `first` to `last`."""

    def __init__(self, root: Path, first: str, last: str, *, given: Iterable[str] = ()) -> None:
        self.lake = Lake(root)
        self.first, self.last = date.fromisoformat(first), date.fromisoformat(last)
        self.engine = DuckEngine(memory_limit="512MB", threads=1)
        with self.lake.writing() as publication:
            for day in days(self.first, self.last):
                publication.close_day(day, {"revisions": {}, "definitions": "of-tests"})
            publication.note("stated", sorted({"users", *given}))
            publication.commit(now=NOW)

    @property
    def snapshot(self) -> Snapshot:
        return self.lake.snapshot()

    def note(self, key: str, value: Any) -> None:
        with self.lake.writing() as publication:
            publication.note(key, value)
            publication.commit(now=NOW)

    def closed_with(self, day: str, **record: Any) -> None:
        """Say more about how a day was closed: `unavailable`, `definitions`."""
        with self.lake.writing() as publication:
            publication.close_day(date.fromisoformat(day), publication.manifest.closed[day] | record)
            publication.commit(now=NOW)

    def has(self, table: str, text: str, *, on: str | None = None) -> None:
        """Publish a table: by its own days (all in one file, as compaction leaves it), or as of the day `on` (default: the last)."""
        self.add(table, read(text, SCHEMAS[table])[1], on=date.fromisoformat(on) if on else None)

    def add(self, table: str, rows: Sequence[tuple[Any, ...]], *, on: date | None = None) -> None:
        """The same from rows as the lake keeps them."""
        schema = SCHEMAS[table]
        self.engine.table("given", schema, rows)
        with self.lake.writing() as publication:
            if table in BY_DAY:
                held = [row[[column.name for column in schema].index("day")] for row in rows]
                path = publication.new_path(table)
                written = self.engine.write("select * from given", path)
                publication.add(table, path, rows=written, day=min(held, default=None), last=max(held, default=None))
            else:
                day = None if table in ("market_days", "users") else on or self.last
                path = publication.new_path(table, str(day or "all"))
                publication.add(
                    table, path, rows=self.engine.write("select * from given", path), day=day, part=0 if day else None
                )
            publication.commit(now=NOW)

    def has_active_days(self, text: str) -> None:
        """Publish active days, and the activity that the daybook's own definition makes of them as of the last day."""
        self.add_active_days(read(text, SCHEMAS["active_days"])[1])

    def add_active_days(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self.add("active_days", rows)
        self.engine.table("active_days", daybook.ACTIVE_DAYS, rows)
        users = sorted({row[0] for row in rows})
        self.engine.table("users_again", (Column("user_no", "integer"),), [(user,) for user in users])
        first = min((row[1] for row in rows), default=self.last)
        bits = (Column("day", "date"), *(Column(f"{name}_bit", "bigint") for name in ("day", "week", "month")))
        self.engine.table("day_bits", bits, day_bits(days(first, self.last), self.last))
        told = self.engine.rows(definition("springtide.analytics.daybook", "activity_history").text, day=self.last)
        order = [told.columns.index(column.name) for column in daybook.ACTIVITY]
        self.add("activity", [tuple(row[place] for place in order) for row in told.values])

    def close(self) -> None:
        self.engine.close()


def day_before(day: date, count: int = 1) -> date:
    return day - timedelta(days=count)
