"""Every query that the product runs, as it ran: what it read, its parameters and its answer, to be run again on another engine.

A made-up exchange is imported, closed, corrected, closed again and verified, and asked whatever can be asked of it. Queries that differ
in numbers alone are one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

import springtide
from benchmarks.chaos import LAST_DAY, NOW, cut
from springtide.analytics.engine import DuckEngine
from springtide.analytics.engine.engine import Walk, bound, walk
from springtide.analytics.metrics.changes import EXPLAINED, Span
from springtide.analytics.metrics.changes.why import groupings
from springtide.analytics.metrics.headline import headline
from springtide.analytics.metrics.lifecycle_value_map import lifecycle_value_map
from springtide.analytics.metrics.moves_between import moves_between
from springtide.analytics.metrics.served import SERVED
from springtide.analytics.metrics.strata_trend import strata_trend
from springtide.home import Home
from springtide.home.definitions import Published, write_published
from springtide.home.users import Selection
from springtide.kernel.errors import SpringtideError
from springtide.kernel.ids import content_hash
from springtide.simulator import simulate

ROOM = Path(springtide.__path__[0]) / "analytics"
NOT_AUTHORS = ("springtide.analytics.engine", "springtide.analytics.lake")  # what carries queries, and writes none
SEGMENTS = {
    "busy": {"text": "times('traded_spot', days => 10) >= 2"},
    "idle": {"text": "not segment('busy') and then_not('deposited', 'traded_spot', within_days => 3, days => 30)"},
    "quiz": {"text": "times('earn_subscribe', days => 30) >= 1 or in_list('called') or tagged('friend')"},
    "rich": {
        "select": "select u.user_id from profiles as p inner join users as u on p.user_no = u.user_no where p.equity_usdt > 1000000"
    },
}
TRADED, DEPOSITED = "traded_spot", "deposited"
RETENTION = {"kind": "retention", "start": TRADED, "return": TRADED}
FUNNEL = {"kind": "funnel", "steps": ["registered", DEPOSITED, TRADED]}
QUESTIONS: tuple[dict[str, Any], ...] = (
    RETENTION,
    RETENTION
    | {"cohort_from": str(LAST_DAY - timedelta(days=20)), "open": {"cohort": str(LAST_DAY - timedelta(days=5)), "column": 1}},
    RETENTION | {"period": "week"},
    RETENTION | {"cohort_rule": "first_match", "period": "week"},
    RETENTION
    | {"start": "registered", "counting": "on_or_after", "breakdown": {"prop": "country", "scope": "user", "limit": 3}},
    RETENTION | {"start": DEPOSITED, "windows": "rolling", "min_return_count": 2},
    RETENTION | {"start": DEPOSITED, "breakdown": {"prop": "asset", "limit": 2}, "period": "week"},
    {"kind": "retention_index", "start": DEPOSITED, "return": TRADED},
    {"kind": "retention_index", "start": DEPOSITED, "return": TRADED, "windows": "rolling"},
    FUNNEL,
    FUNNEL | {"order": "strict"},
    FUNNEL | {"order": "unordered", "count": "totals"},
    FUNNEL | {"window": {"value": 7, "unit": "day"}, "exclusions": [{"event": "withdrew", "from_step": 1, "to_step": 2}]},
    FUNNEL | {"entry": "first", "breakdown": {"props": ["country"], "scope": "user", "attribution": "step", "step": 1}},
    FUNNEL | {"breakdown": {"props": ["asset"], "attribution": "all_events", "limit": 3}},
    FUNNEL | {"kind": "time_to_convert"},
    FUNNEL | {"kind": "funnel_trend", "period": "week"},
    {"kind": "funnel_level", "steps": [DEPOSITED, TRADED], "window_seconds": 86_400},
    {"kind": "funnel_level", "steps": [DEPOSITED, TRADED], "window_seconds": 86_400, "modes": ["strict_increase"]},
    {"kind": "lifecycle", "activity": TRADED},
    {"kind": "lifecycle", "activity": TRADED, "new_by": "profile_created"},
    {"kind": "stickiness", "activity": TRADED},
    {"kind": "daily_states", "activity": TRADED},
    {"kind": "trend", "series": [{"event": TRADED}, {"event": TRADED, "math": "unique_users"}], "formula": "A / B"},
    {
        "kind": "trend",
        "series": [{"event": TRADED, "math": "sum", "prop": "notional_usdt"}],
        "breakdown": {"prop": "market", "limit": 3},
    },
    {"kind": "trend", "series": [{"event": TRADED, "math": "active_7d"}], "shift_days": 7},
    {"kind": "cumulative", "activity": DEPOSITED, "prop": "usdt", "days": [str(LAST_DAY)], "window": "trailing_7_days"},
    {"kind": "cumulative", "activity": DEPOSITED, "days": [str(LAST_DAY)]},
    {"kind": "paths", "activity": None},
    {"kind": "transitions"},
    {"kind": "transitions", "path_by": "prop:market"},
    {"kind": "step_matrix"},
    {"kind": "sessions"},
    {"kind": "conversion_rate", "base": DEPOSITED, "conversion": TRADED, "by": "day", "window_days": 7},
    {"kind": "conversion_rate", "base": DEPOSITED, "conversion": TRADED, "by": "prop:asset"},
    {"kind": "pair_conversion", "start": DEPOSITED, "end": TRADED, "within_seconds": 86_400},
    {"kind": "pair_conversion", "start": DEPOSITED, "end": TRADED, "occurrence": "last", "within_events": 5},
)


@dataclass(frozen=True)
class Step:
    """One query: its name apart; the definition it is, or else the function that wrote it; its text, parameters, tables and answer."""

    name: str
    definition: str
    sql: str
    params: Mapping[str, Any]
    tables: Mapping[str, Path]
    answer: Path


class Recording:
    """The steps that are kept, in their order: of each query the first run that found something, else its first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {
            str(file.relative_to(ROOM).with_suffix("")): file.read_text(encoding="utf-8").strip()
            for file in sorted(ROOM.rglob("*.sql"))
        }
        self._kept: dict[str, Step] = {}
        self._found = set[str]()

    @cached_property
    def steps(self) -> list[Step]:
        """Named apart: a function that writes several queries has them numbered."""
        named: dict[str, list[Step]] = {}
        for step in self._kept.values():
            named.setdefault(step.name, []).append(step)
        return [
            replace(step, name=f"{name} {number}" if len(steps) > 1 else name)
            for name, steps in named.items()
            for number, step in enumerate(steps, 1)
        ]

    @property
    def not_met(self) -> list[str]:
        """Definitions that nothing ran."""
        return [name for name, text in self.files.items() if not any(text in step.sql for step in self._kept.values())]

    def keep(self, engine: DuckEngine, sql: str, params: Mapping[str, Any], author: str) -> None:
        """Run a query that is not known yet, and copy what it reads; `author` names it where it is no definition."""
        shape = _shape(sql)
        if shape in self._found:
            return
        folder = self.folder / content_hash(shape)[:16]
        folder.mkdir(parents=True, exist_ok=True)
        answer = folder / "answer.parquet"
        if DuckEngine.write(engine, sql, answer, **params):
            self._found.add(shape)
        elif shape in self._kept:
            return
        tables = {name: folder / f"{name}.parquet" for name in _reads(sql)}
        for name, path in tables.items():
            DuckEngine.write(engine, f"select * from {name}", path)
        name = next((name for name, text in self.files.items() if text in sql), author)
        self._kept[shape] = Step(name, name, sql, params, tables, answer)


class RecordingEngine(DuckEngine):
    """DuckDB that keeps every query before it runs it."""

    def __init__(self, recording: Recording, **settings: Any) -> None:
        super().__init__(**settings)
        self.recording = recording
        self.is_recording = True

    def make(self, name: str, sql: str, **params: Any) -> int:
        self._keep(sql, params)
        return super().make(name, sql, **params)

    def define(self, name: str, sql: str) -> None:
        self._keep(sql, {})
        super().define(name, sql)

    def rows(self, sql: str, **params: Any) -> Any:
        self._keep(sql, params)
        return super().rows(sql, **params)

    def write(self, sql: str, path: Path, **params: Any) -> int:
        self._keep(sql, params)
        return super().write(sql, path, **params)

    def walk(self, unit: Sequence[str], order: str) -> Walk:
        return walk(unit, order)  # DuckDB has a faster way of its own; this is what every engine runs

    def unpack(self, name: str, table: str, column: str, keys: Mapping[str, str]) -> None:
        self.is_recording = False  # each engine has its own words for it
        super().unpack(name, table, column, keys)
        self.is_recording = True

    def _keep(self, sql: str, params: Mapping[str, Any]) -> None:
        if self.is_recording:
            self.recording.keep(self, sql, bound(sql, dict(params)), _author())


class _RecordingHome(Home):
    def __init__(self, path: Path, recording: Recording) -> None:
        super().__init__(path)
        self.recording = recording

    @contextmanager
    def engine(self, *, worker: bool = False) -> Iterator[DuckEngine]:
        engine = RecordingEngine(self.recording, temp=self.path / "lake" / "spill")
        try:
            yield engine
        finally:
            engine.close()


def record(folder: Path, *, users: int, days: int, seed: int) -> Recording:
    """Every query of a home's life, its steps below `folder`."""
    recording = Recording(folder / "steps")
    exchange = folder / "made-up" / "exchange"
    simulate(users=users, days=days, seed=seed, out=folder / "made-up", through=LAST_DAY)
    cut(exchange, folder / "early")
    Home.create(folder / "home")
    home = _RecordingHome(folder / "home", recording)
    home.import_path(folder / "early", now=NOW)
    home.close(now=NOW)
    _publish_segments(home)
    home.import_path(exchange, now=NOW)  # with rows that correct days which are closed
    home.close(now=NOW)
    home.verify()
    for ask in _questions(home, LAST_DAY):
        with suppress(SpringtideError):  # a short history cannot answer everything
            ask()
    return recording


def _publish_segments(home: Home) -> None:
    ids = [row["user_id"] for row in home.users(Selection(), limit=5).as_list()]
    write_published(home.path, "id_list", Published("called", 1, "Called", home.keep_ids(ids).body), stamp="for the bench")
    home.keep_tags([("friend", one) for one in ids[:2]])
    for key, body in SEGMENTS.items():
        write_published(home.path, "segment", Published(key, 1, key, body), stamp="for the bench")


def _questions(home: Home, last: date) -> Iterator[Callable[[], Any]]:
    """Whatever can be asked of a home as of its last closed day."""
    since = last - timedelta(days=20)
    then, now = Span(since, since + timedelta(days=6)), Span(last - timedelta(days=6), last)
    yield home.strata
    yield partial(home.moves, since=since)
    for unit, period in product(("users", "assets", "revenue"), ("day", "week")):
        yield partial(home.growth, unit=unit, period=period)
    yield partial(home.growth, period="week", product="spot")
    yield partial(home.growth, period="day", since=last - timedelta(days=100))
    yield home.daily_states
    yield partial(home.activation, by_month=True)
    yield home.concentration
    yield home.concentration_trend
    yield home.acquisition
    yield home.asset_changes
    for metric, period in product(SERVED, ("week", "month")):
        yield partial(
            home.metric, metric.key, period=period, since=since, until=last, by="lifecycle" if period == "week" else None
        )
    yield home.metric_tree
    for explained in EXPLAINED:
        for by in groupings(explained):
            yield partial(home.why, explained.key, then=then, now=now, by=by)
        yield partial(home.why, explained.key, then=then, now=now, movers=True)
    yield partial(home.users, Selection(rule="trades_30d > 3 and lifecycle <> 'vip'"))
    yield home.engagement
    yield home.diagnosis
    yield home.segments
    yield home.signals
    yield partial(home.user, home.users(Selection(rule="trades_all > 0"), limit=1).as_list()[0]["user_id"])
    for measure in (headline, lifecycle_value_map, moves_between, partial(strata_trend, stratification="lifecycle")):
        yield partial(_measured, home, measure)
    yield partial(home.segment_size, "segment('busy') and is_counted")
    for question in QUESTIONS:
        yield partial(home.ask, question)


def _measured(home: Home, measure: Callable[..., Any]) -> None:
    with home.reading() as (engine, snapshot):
        measure(engine, snapshot)


def _shape(sql: str) -> str:
    """The query without its numbers and days: what differs in them alone is one query."""
    return re.sub(r"\d+", "0", sql)


def _reads(sql: str) -> list[str]:
    """The tables that a query reads, without those it makes itself."""
    tree = sqlglot.parse_one(sql, dialect=DuckDB)
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    named = {table.name for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}
    return sorted(named - own)


def _author() -> str:
    """The function that wrote the query which is run now."""
    frame = sys._getframe(1)
    while frame.f_back:
        module = str(frame.f_globals["__name__"])
        if module.startswith("springtide.") and not module.startswith(NOT_AUTHORS):
            room = module.removeprefix("springtide.").removeprefix("analytics.").replace(".", "/")
            return f"{room}:{frame.f_code.co_qualname.partition('.<')[0]}"
        frame = frame.f_back
    return "elsewhere"
