"""Which metrics are watched, and their days: reckoned once, when a day is closed, and kept in the lake table `metric_days`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from springtide.analytics.daybook.tables import EQUITY_DAYS, FIRSTS, USER_DAYS
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.reading import (
    STRATIFICATIONS,
    attach_profiles,
    attach_strata,
    missing,
    text,
    unavailable_strata,
)
from springtide.analytics.metrics.signals.series import Kind, Point, Series
from springtide.kernel.days import days
from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import MICRO

PACKAGE = "springtide.analytics.metrics.signals"
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
    """A metric by day.

    numerator, denominator    columns of watched_days, watched_starts or watched_assets
    matures                   days after which the figure of a day stands
    needs                     profile columns that stand for what must have been given
    by                        also by channel: the share of each, or, where it is a share already, its own
    """

    key: str
    asks: str
    kind: Kind
    numerator: str
    denominator: str | None = None
    matures: int = 0
    needs: tuple[str, ...] = ()
    by_channel: bool = False

    @property
    def scale(self) -> int:
        """How many of the numerator make one: money is kept in 1e-6 USDT, and cancels in a ratio of money."""
        is_money = self.numerator.endswith("_usdt") and not (self.denominator or "").endswith("_usdt")
        return MICRO if is_money else 1


WATCHED: tuple[Watched, ...] = (
    Watched("registrations", "How many users registered?", "total", "registrants", by_channel=True),
    Watched(
        "first_deposits",
        "How many users deposited for the first time?",
        "total",
        "first_depositors",
        needs=("first_deposit_on",),
    ),
    Watched(
        "first_trade_24h",
        "Of those who deposited for the first time, how many traded within 24 hours?",
        "share",
        "first_traders_24h",
        "first_depositors",
        matures=1,
        needs=("first_deposit_on", "first_trade_on"),
        by_channel=True,
    ),
    Watched(
        "first_trade_7d",
        "Of those who registered, how many traded in their first seven days?",
        "share",
        "first_traders_7d",
        "registrants",
        matures=6,
        needs=("first_trade_on",),
    ),
    Watched("active_traders", "How many users traded?", "total", "traders", needs=("trades_30d",)),
    Watched("spot_volume", "How much was traded on spot?", "total", "spot_volume_usdt", needs=("volume_30d_usdt",)),
    Watched(
        "contract_volume", "How much was traded on contracts?", "total", "contract_volume_usdt", needs=("volume_30d_usdt",)
    ),
    Watched(
        "net_revenue",
        "What did users bring, after what was paid for it?",
        "total",
        "net_revenue_usdt",
        needs=("net_revenue_30d_usdt",),
    ),
    Watched("arpu", "What did a trader bring?", "level", "net_revenue_usdt", "traders", needs=("net_revenue_30d_usdt",)),
    Watched("take_rate", "What share of volume became fees?", "level", "fees_usdt", "volume_usdt", needs=("fees_30d_usdt",)),
    Watched(
        "net_deposits", "How much more was paid in than out?", "total", "net_deposit_usdt", needs=("net_deposit_30d_usdt",)
    ),
    Watched("assets", "What do users hold with us?", "stock", "equity_usdt", needs=("equity_usdt",)),
    Watched(
        "contract_traders",
        "What share of those who traded used contracts?",
        "total",
        "contract_traders",
        "traders",
        needs=("trades_30d",),
    ),
    Watched("users", "What share of users stands in each stratum?", "stock", "users", "users"),
)
BY_KEY = {one.key: one for one in WATCHED}


def watched(key: str) -> Watched:
    """refuses    unknown_metric    it is not watched"""
    if key not in BY_KEY:
        raise UnknownName(f"No metric '{key}' is watched.", suggest(key, BY_KEY), code="unknown_metric")
    return BY_KEY[key]


def metric_days(engine: Engine, snapshot: Snapshot, *, since: date, until: date, through: date) -> list[Row]:
    """The figures of the days from `since` to `until`, as far as they stand when `through` is the last closed day.

    A metric whose inputs were not given has no rows; a day without anything is 0. Strata are counted on days whose snapshot is kept.
    """
    given = [one for one in WATCHED if one.key != "users" and missing(snapshot, *one.needs) is None]
    did, starts = _did(engine, snapshot, since, until), _starts(engine, snapshot, since, until)
    rows: list[Row] = []
    for day in days(since, until):
        all_channels = Counter[str]()
        for own in starts[day].values():
            all_channels.update(own)
        sums = Counter({**did[day], **all_channels})
        for one in given:
            if day > through - timedelta(days=one.matures) or (one.key == "assets" and "equity_usdt" not in sums):
                continue
            rows.append((day, one.key, None, sums[one.numerator], sums[one.denominator] if one.denominator else None))
            if one.by_channel:
                for channel, own in starts[day].items():
                    base = own[one.denominator] if one.denominator else all_channels[one.numerator]
                    rows.append((day, one.key, f"channel_id={channel or '(not known)'}", own[one.numerator], base))
        rows += _strata(engine, snapshot, day)
    return sorted(rows, key=lambda row: (row[0], row[1], row[2] or ""))


def series_of(rows: Iterable[Row]) -> list[Series]:
    """The series that the days make, those of all users first; groups that came later begin with their first day."""
    points: dict[tuple[str, str | None], list[Point]] = defaultdict(list)
    for day, metric, group, numerator, denominator in sorted(rows, key=lambda row: row[0]):
        one = BY_KEY[metric]
        points[metric, group].append(Point(day, numerator / one.scale, denominator))
    return [
        Series(metric, BY_KEY[metric].kind, tuple(own), group, ALL if group is None else group.partition("=")[0])
        for (metric, group), own in sorted(points.items(), key=lambda item: (item[0][1] or "", item[0][0]))
    ]


def _did(engine: Engine, snapshot: Snapshot, since: date, until: date) -> Mapping[date, Counter[str]]:
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "user_days", USER_DAYS, since=since, until=until)
    snapshot.attach(engine, "equity_days", EQUITY_DAYS, since=since, until=until)
    found: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for name in ("watched_days", "watched_assets"):
        for row in engine.rows(definition(PACKAGE, name).text, since=since, until=until).dicts():
            found[row.pop("day")].update(row)
    return found


def _starts(engine: Engine, snapshot: Snapshot, since: date, until: date) -> Mapping[date, dict[str | None, Counter[str]]]:
    snapshot.attach(engine, "firsts", FIRSTS)
    found: defaultdict[date, dict[str | None, Counter[str]]] = defaultdict(dict)
    for row in engine.rows(definition(PACKAGE, "watched_starts").text, since=since, until=until).dicts():
        day, channel = row.pop("day"), row.pop("channel_id")
        found[day][channel] = Counter(row)
    return found


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
            yield from ((day, "users", f"{key}={stratum}", users, sum(own.values())) for stratum, users in own.items())
