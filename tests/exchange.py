"""A small exchange for tests: facts written as aligned text, straight into a lake, and closed with the strata that ship."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics import strata
from springtide.analytics.daybook.close import Closed, close
from springtide.analytics.daybook.spec import CloseSpec, StratificationSpec
from springtide.analytics.daybook.verify import Verified, verify
from springtide.analytics.engine import DuckEngine, Schema
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Lake
from springtide.kernel.days import day_of
from springtide.kernel.money import micro

LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
DAY_COLUMN = {
    "spot_trades": "executed_at",
    "contract_trades": "executed_at",
    "sessions": "day",
    "balances": "day",
    "given_user_days": "day",
}
KEPT_BY_DAY = {*DAY_COLUMN, "transfers", "reward_entries", "other_income", "commissions"}
DEFAULTS: dict[str, Any] = {
    "version": 1, "source": "exchange", "fill_type": "normal", "status": "completed", "user_type": "retail", "kyc_level": 0,
    "side": "buy", "base": "BTC", "fee_usdt": 0, "asset": "USDT", "sessions": 1, "is_derived": False, "grain": "day",
    "is_active": True,
}  # fmt: skip


def close_spec(zone: str = "UTC") -> CloseSpec:
    shipped = strata.load(None)
    return CloseSpec(
        ZoneInfo(zone),
        tuple(StratificationSpec(s.key, s.version, s.hash, s.columns) for s in shipped),
        strata.STRATA,
        partial(strata.strata_query, shipped),
        strata.POPULATION,
        strata.MOVES,
    )


@dataclass
class Exchange:
    """`has` adds facts, `closes` closes, `tells` asks. Users are numbered by their order in the first table that names them."""

    lake: Lake
    engine: DuckEngine
    zone: str = "UTC"
    numbers: dict[str, int] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    @classmethod
    def at(cls, path: Path, zone: str = "UTC") -> Exchange:
        return cls(Lake(path / "lake"), DuckEngine(memory_limit="1GB", threads=1), zone)

    def number(self, user: str) -> int:
        return self.numbers.setdefault(user, len(self.numbers))

    def has(self, table: str, text: str, *, instead_of: date | None = None) -> None:
        """Add rows; columns are named in the first line, `-` is null. `instead_of` replaces the rows of one day."""
        schema = fact_schema(table)
        rows = [self._row(table, schema, given) for given in _cells(text)]
        with self.lake.writing() as publication:
            if instead_of:
                publication.drop(table, lambda file: file.first == instead_of)
                publication.touch(table, instead_of)
            by_day: dict[date | None, list[tuple[Any, ...]]] = {}
            for row in rows:
                by_day.setdefault(self._day(table, schema, row), []).append(row)
            for day, of_day in by_day.items():
                path = publication.new_path(table, str(day or "all"))
                self.engine.table("given_rows", schema, of_day)
                publication.add(table, path, rows=self.engine.write("select * from given_rows", path), day=day)
                if day and day != instead_of:
                    publication.touch(table, day)
            publication.note("stated", sorted({*publication.manifest.notes.get("stated", ()), table}))
            publication.commit(now=LONG_AFTER)

    def states(self, *tables: str) -> None:
        """Give tables without rows: stated to be empty."""
        with self.lake.writing() as publication:
            publication.note("stated", sorted({*publication.manifest.notes.get("stated", ()), *tables}))
            publication.commit(now=LONG_AFTER)

    def closes(self, through: date | None = None) -> Closed:
        return close(self.lake, self.engine, close_spec(self.zone), through=through, now=LONG_AFTER)

    def verifies(self) -> Verified:
        return verify(self.lake, self.engine, close_spec(self.zone))

    def tells(
        self, table: str, columns: str, schema: Schema, *, day: date | None = None, order: str = "1"
    ) -> list[tuple[Any, ...]]:
        """Columns of a lake table, as published for `day` where it has days."""
        self.lake.snapshot().attach(self.engine, table, schema, since=day, until=day)
        return self.engine.rows(f"select {columns} from {table} order by {order}").values

    def stratum(self, stratification: str, day: date) -> dict[str, str]:
        """User → stratum as published for `day`."""
        names = {number: name for name, number in self.numbers.items()}
        told = self.tells("strata", f"user_no, {stratification}", strata.STRATA, day=day)
        return {names[number]: stratum for number, stratum in told}

    def _row(self, table: str, schema: Schema, given: dict[str, str]) -> tuple[Any, ...]:
        user = given.pop("user", None)
        self.counted[table] += 1
        values: dict[str, Any] = {**DEFAULTS, "event_id": f"{table}-{self.counted[table]}"}
        if user is not None:
            number = self.number(user)
            values |= {"user_no": number, "account_no": number, "master_no": number, "user_id": user}
        types = {column.name: column.type for column in schema}
        unknown = given.keys() - types.keys()
        assert not unknown, f"{table} has no column {unknown}"
        values |= {name: _value(name, types[name], text) for name, text in given.items()}
        for moment, day in (("registered_at", "registered_on"), ("kyc_passed_at", "kyc_passed_on")):
            if values.get(moment):
                values[day] = day_of(values[moment], ZoneInfo(self.zone))
        return tuple(values.get(column.name) for column in schema)

    def _day(self, table: str, schema: Schema, row: tuple[Any, ...]) -> date | None:
        if table not in KEPT_BY_DAY:
            return None
        names = [column.name for column in schema]
        value = row[names.index(DAY_COLUMN.get(table, "happened_at"))]
        return day_of(value, ZoneInfo(self.zone)) if isinstance(value, datetime) else value


def _cells(text: str) -> list[dict[str, str]]:
    lines = [line.split() for line in text.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def _value(name: str, type_: str, text: str) -> Any:
    """`-` is null; a time may be a day (its midnight) or 2026-01-01T09:30; money is written in USDT."""
    if text == "-":
        return None
    if type_ == "timestamp":
        return datetime.fromisoformat(text) if "T" in text else datetime.combine(date.fromisoformat(text), time())
    if type_ == "date":
        return date.fromisoformat(text)
    if type_ == "boolean":
        return text in ("yes", "true")
    if name == "usdt" or name.endswith(("_usdt", "_volume_30d")):
        return micro(Decimal(text))
    return int(text) if type_ in ("integer", "bigint") else Decimal(text) if type_.startswith("decimal") else text
