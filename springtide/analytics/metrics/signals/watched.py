"""Which metrics are watched, and their days: reckoned once, when a day is closed, and kept in the lake table `metric_days`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.reading import STRATIFICATIONS, attach_profiles, attach_strata, text, unavailable_strata
from springtide.analytics.metrics.served import Served, Sum, not_available, served
from springtide.analytics.metrics.served.asked import NOT_KNOWN, Span
from springtide.analytics.metrics.served.readings import Reader
from springtide.analytics.metrics.signals.series import Kind, Point, Series
from springtide.kernel.days import days
from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import MICRO

UTC = ZoneInfo("UTC")
ALL = "all"

METRIC_DAYS: Schema = (
    Column("day", "date", False, "the day; of a share of newcomers, the day on which they came"),
    Column("metric", "varchar", False, "which metric"),
    Column("group_key", "varchar", True, "the stratum, channel or product it is of, as lifecycle=vip; null: all users"),
    Column("numerator", "bigint", False, "the sum, or what is counted; money in 1e-6 USDT"),
    Column("denominator", "bigint", True, "what it is divided by; null for a sum"),
)
Row = tuple[date, str, str | None, int, int | None]


@dataclass(frozen=True)
class Watched:
    """A served metric by day. `by_channel`: the share of each channel too, or, where it is a share already, its own."""

    metric: Served
    kind: Kind
    by_channel: bool = False

    @property
    def key(self) -> str:
        return self.metric.key

    @property
    def matures(self) -> int:
        """Days after which the figure of a day stands."""
        return self.metric.matures_days

    @property
    def scale(self) -> int:
        """How many of the numerator make one: money is kept in 1e-6 USDT, and cancels in a ratio of money."""
        return MICRO if self.metric.unit == "usdt" else 1


WATCHED: tuple[Watched, ...] = (
    Watched(served("registrations"), "total", by_channel=True),
    Watched(served("first_deposits"), "total"),
    Watched(served("first_trade_24h"), "share", by_channel=True),
    Watched(served("first_trade_7d"), "share"),
    Watched(served("active_traders"), "total"),
    Watched(served("spot_volume"), "total"),
    Watched(served("contract_volume"), "total"),
    Watched(served("net_revenue"), "total"),
    Watched(served("arpu"), "level"),
    Watched(served("take_rate"), "level"),
    Watched(served("net_deposits"), "total"),
    Watched(served("assets"), "stock"),
    Watched(served("contract_traders"), "total"),
)
USERS = "users"  # the share of each stratum
KINDS: Mapping[str, Kind] = {one.key: one.kind for one in WATCHED} | {USERS: "stock"}
BY_KEY = {one.key: one for one in WATCHED}


def watched(key: str) -> str:
    """What a watched metric asks.

    refuses    unknown_metric    it is not watched
    """
    if key not in KINDS:
        raise UnknownName(f"No metric '{key}' is watched.", suggest(key, KINDS), code="unknown_metric")
    return BY_KEY[key].metric.asks if key in BY_KEY else "What share of users stands in each stratum?"


def metric_days(engine: Engine, snapshot: Snapshot, *, since: date, until: date, through: date) -> list[Row]:
    """The figures of the days from `since` to `until`, as far as they stand when `through` is the last closed day.

    A metric whose inputs were not given has no rows; a day without anything is 0. Strata are counted on days whose snapshot is kept.
    """
    told = [one for one in WATCHED if not_available(engine, snapshot, one.metric, "day") is None]
    attach_profiles(engine, snapshot)
    engine.make("people", f"select user_no, coalesce(channel_id, '{NOT_KNOWN}') as group_key from profiles where is_counted")
    parts = tuple(dict.fromkeys(part for one in told for part in one.metric.parts))
    spans = [Span(day, day, True) for day in days(since, until)]
    sums: defaultdict[tuple[date, Sum], dict[str, int]] = defaultdict(dict)
    lacking: set[tuple[date, Sum]] = set()
    for part, reading in Reader(engine, snapshot, UTC).readings(parts, spans):
        lacking |= {(day, part) for day in reading.reasons}
        for (day, channel), row in reading.sums.items():
            sums[day, part][channel] = row[part.column] or 0
    rows: list[Row] = []
    for day in days(since, until):
        channels = sorted(
            {channel for one in told if one.by_channel for part in one.metric.parts for channel in sums[day, part]}
        )
        for one in told:
            cells = [(day, part) for part in one.metric.parts]
            if day <= through - timedelta(days=one.matures) and lacking.isdisjoint(cells):
                rows += _rows(one, day, [sums[cell] for cell in cells], channels if one.by_channel else ())
        rows += _strata(engine, snapshot, day)
    return sorted(rows, key=lambda row: (row[0], row[1], row[2] or ""))


def _rows(one: Watched, day: date, sides: Sequence[Mapping[str, int]], channels: Sequence[str]) -> Iterator[Row]:
    """All users, then each channel: its own share, or its part of the whole."""
    totals = [sum(side.values()) for side in sides]
    yield day, one.key, None, totals[0], totals[1] if len(sides) > 1 else None
    for channel in channels:
        base = sides[1].get(channel, 0) if len(sides) > 1 else totals[0]
        yield day, one.key, f"channel_id={channel}", sides[0].get(channel, 0), base


def series_of(rows: Iterable[Row]) -> list[Series]:
    """The series that the days make, those of all users first; groups that came later begin with their first day."""
    points: dict[tuple[str, str | None], list[Point]] = defaultdict(list)
    for day, metric, group, numerator, denominator in sorted(rows, key=lambda row: row[0]):
        scale = BY_KEY[metric].scale if metric in BY_KEY else 1
        points[metric, group].append(Point(day, numerator / scale, denominator))
    return [
        Series(metric, KINDS[metric], tuple(own), group, ALL if group is None else group.partition("=")[0])
        for (metric, group), own in sorted(points.items(), key=lambda item: (item[0][1] or "", item[0][0]))
    ]


def _strata(engine: Engine, snapshot: Snapshot, day: date) -> Iterator[Row]:
    """The share of each stratum, once there is a snapshot of every day: month ends alone would look like breaks."""
    kept = snapshot.days("strata")
    if day not in kept or not {day - timedelta(days=1), day + timedelta(days=1)} & set(kept):
        return
    attach_strata(engine, snapshot, day)
    unavailable = unavailable_strata(snapshot, day)
    sizes: list[tuple[Any, ...]] = engine.rows(text("strata_sizes"), everyone=False).values
    for key in STRATIFICATIONS:
        own = {stratum: users for of, stratum, users in sizes if of == key}
        if key not in unavailable:
            yield from ((day, USERS, f"{key}={stratum}", users, sum(own.values())) for stratum, users in own.items())
