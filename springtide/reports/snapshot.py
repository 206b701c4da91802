"""One snapshot of an exchange for all its reports: gathered once, from one version of the lake, so every face shows the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from springtide.analytics import metrics
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.market import MarketDay
from springtide.analytics.strata import Stratification
from springtide.home import Freshness, Home, Selection, UserList
from springtide.home.users import list_users, snapshot_day
from springtide.kernel.days import PERIODS, Period, day_of, period_start
from springtide.kernel.errors import NothingYet
from springtide.kernel.ids import content_hash

A = TypeVar("A")

UNITS = ("users", "assets", "revenue")
GROWTH_PERIODS: Mapping[Period, int] = {"day": 30, "week": 26, "month": 13}  # how many are told
TREND_WEEKS = 4
WEEK = timedelta(days=7)
MARKET_DAYS = 400  # thirteen months, so that every period told has its regime
PEOPLE_SHOWN = 100  # users of each list worth working
PEOPLE_COLUMNS = (
    "lifecycle", "value", "country", "vip_level", "last_trade_on", "days_since_trade", "trades_30d", "equity_usdt",
    "net_revenue_90d_usdt",
)  # fmt: skip
MAPPED = ("lifecycle", "value", "activity", "assets", "tenure")  # the first two that can be told make the map
MOVED = ("lifecycle", "activity", "frequency", "assets", "tenure")  # the first that can be told makes the matrix of moves


@dataclass(frozen=True)
class Missing:
    """Why something cannot be told, and what would make it so. It is never an empty table or a zero."""

    reason: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"not_available": self.reason, "remedy": self.remedy}


@dataclass(frozen=True)
class ReportSnapshot:
    """Everything that the daily brief, the page, the files and the workbook show, as of the last closed day.

    `as_of` is null while nothing is closed; then every answer is Missing. `definitions`: what the close of the day was made with.
    """

    exchange: str
    zone: str
    as_of: date | None
    freshness: Freshness
    stratifications: tuple[Stratification, ...]
    definitions: Mapping[str, str]
    headline: metrics.Headline | Missing
    movements: metrics.Movements | Missing
    worklists: metrics.Worklists | Missing
    people: Mapping[str, UserList]
    market: metrics.Market | Missing
    growth: Mapping[str, metrics.GrowthAccounting | Missing]  # users_week and so on
    sizes: metrics.StrataSizes | Missing
    trend: tuple[metrics.StrataSizes, ...]  # of earlier weeks, oldest first
    value_map: metrics.LifecycleValueMap | Missing
    matrix_of: str  # the stratification whose moves are shown from stratum to stratum
    moves_of_day: metrics.MovesBetween | Missing
    moves_of_week: metrics.MovesBetween | Missing
    activation: metrics.ActivationChain | Missing
    states: metrics.DailyStates | Missing
    concentration: metrics.Concentration | Missing
    restated: tuple[Mapping[str, Any], ...]  # closed days that were closed again since the as-of day began

    def as_dict(self) -> dict[str, Any]:
        """The content in canonical form: money as decimal strings, days as ISO texts, what is not available with its reason."""
        return {
            "exchange": self.exchange,
            "zone": self.zone,
            "as_of": self.as_of and str(self.as_of),
            "definitions": dict(self.definitions),
            "headline": self.headline.as_dict(),
            "movements": self.movements.as_dict(),
            "worklists": self.worklists.as_dict(),
            "people": {key: people.as_dict() for key, people in self.people.items()},
            "market": self.market.as_dict(),
            "growth": {key: growth.as_dict() for key, growth in self.growth.items()},
            "strata": self.sizes.as_dict(),
            "trend": [sizes.as_dict() for sizes in self.trend],
            "map": self.value_map.as_dict(),
            "moves_of_day": self.moves_of_day.as_dict(),
            "moves_of_week": self.moves_of_week.as_dict(),
            "activation": self.activation.as_dict(),
            "daily_states": self.states.as_dict(),
            "concentration": self.concentration.as_dict(),
            "restated": [dict(each) for each in self.restated],
            "freshness": self.freshness.as_dict(),
        }

    @cached_property
    def checksum(self) -> str:
        """Names the content: two reports with one checksum show the same numbers, whatever their format or language."""
        return content_hash(self.as_dict())

    @property
    def regime(self) -> MarketDay | None:
        """The market on the as-of day; null where it is not known."""
        return self.market.current if isinstance(self.market, metrics.Market) else None

    @property
    def facts_behind(self) -> int:
        """How many days before the as-of day the last facts are; 0 where they reach it."""
        through = self.freshness.facts_through
        return max(0, (self.as_of - through).days) if self.as_of and through else 0

    @property
    def is_stale(self) -> bool:
        """Nothing is closed, or the last facts are older than the as-of day by more than a day: do not rely on the figures."""
        return self.as_of is None or self.facts_behind > 1

    @property
    def open_days(self) -> int:
        """Days with facts that no close has taken in yet."""
        closed, through = self.freshness.closed_through, self.freshness.facts_through
        return max(0, (through - closed).days) if closed and through else 0


def gather(home: Home, *, as_of: date | None = None) -> ReportSnapshot:
    """Everything that reports show, as of `as_of` (default: the last closed day), read from one version of the lake.

    A home in which nothing is closed gives a snapshot that says so. What cannot be told is Missing, with the reason.

    refuses    not_kept    strata of that day are not kept
    """
    stratifications = home.stratifications()
    with home.reading() as (engine, snapshot):
        freshness = home.freshness(snapshot)
        if freshness.closed_through is None:
            return _nothing_closed(home, freshness, stratifications)
        day = snapshot_day(snapshot, as_of)
        is_latest = day == freshness.closed_through
        asking = _Asking(engine, snapshot)
        names = {each.key: [stratum.name for stratum in each.strata] for each in stratifications}
        unavailable = snapshot.manifest.closed.get(str(day), {}).get("unavailable", {})
        kept = snapshot.days("strata")
        worklists = asking(metrics.worklists, as_of=day)
        mapped = [key for key in MAPPED if key not in unavailable]
        moved = next((key for key in MOVED if key not in unavailable), None)
        return ReportSnapshot(
            exchange=home.settings.exchange,
            zone=home.settings.reporting_zone,
            as_of=day,
            freshness=freshness,
            stratifications=stratifications,
            definitions=_definitions(snapshot, day),
            headline=asking(metrics.headline, as_of=day),
            movements=asking(metrics.movements) if is_latest else _of_latest(freshness),
            worklists=worklists,
            people=_people(engine, snapshot, worklists, [*names], home.missing(snapshot)),
            market=_market(asking, day),
            growth={
                f"{unit}_{period}": asking(
                    metrics.growth_accounting, unit=unit, period=period, since=_first(day, period), until=day
                )
                for unit in UNITS
                for period in PERIODS
            },
            sizes=asking(metrics.strata_sizes, as_of=day, names=names),
            trend=tuple(
                metrics.strata_sizes(engine, snapshot, as_of=each, names=names)
                for each in (day - weeks * WEEK for weeks in range(TREND_WEEKS, 0, -1))
                if each in kept
            ),
            value_map=asking(metrics.lifecycle_value_map, down=mapped[0], across=mapped[1], as_of=day)
            if len(mapped) > 1
            else Missing(_why(unavailable, MAPPED)),
            matrix_of=moved or "",
            moves_of_day=asking(metrics.moves_between, until=day) if moved else Missing(_why(unavailable, MOVED)),
            moves_of_week=asking(metrics.moves_between, since=day - WEEK + timedelta(days=1), until=day)
            if moved
            else Missing(_why(unavailable, MOVED)),
            activation=asking(metrics.activation_chain, as_of=day, zone=home.settings.zone),
            states=asking(metrics.daily_states, until=day),
            concentration=asking(metrics.concentration, as_of=day),
            restated=_restated(home, freshness, day),
        )


@dataclass(frozen=True)
class _Asking:
    """Ask a measure of one version of the lake; what cannot be told comes back as Missing."""

    engine: Engine
    snapshot: Snapshot

    def __call__(self, measure: Callable[..., A], **question: Any) -> A | Missing:
        try:
            return measure(self.engine, self.snapshot, **question)
        except NothingYet as nothing:
            return Missing(nothing.message, nothing.hint)


def _nothing_closed(home: Home, freshness: Freshness, stratifications: tuple[Stratification, ...]) -> ReportSnapshot:
    nothing = Missing("No day is closed yet.", "Import facts, then run: springtide close")
    growth = {f"{unit}_{period}": nothing for unit in UNITS for period in PERIODS}
    return ReportSnapshot(
        exchange=home.settings.exchange,
        zone=home.settings.reporting_zone,
        as_of=None,
        freshness=freshness,
        stratifications=stratifications,
        definitions={},
        headline=nothing,
        movements=nothing,
        worklists=nothing,
        people={},
        market=nothing,
        growth=growth,
        sizes=nothing,
        trend=(),
        value_map=nothing,
        matrix_of="",
        moves_of_day=nothing,
        moves_of_week=nothing,
        activation=nothing,
        states=nothing,
        concentration=nothing,
        restated=(),
    )


def _of_latest(freshness: Freshness) -> Missing:
    return Missing("it is told of the last closed day only", f"Ask as of {freshness.closed_through}.")


def _why(unavailable: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """The reason why none of the stratifications that would do can be told."""
    return next((unavailable[key] for key in keys if key in unavailable), "")


def _first(day: date, period: Period) -> date:
    """The first day of the earliest period that is told."""
    start = period_start(day, period)
    for _ in range(GROWTH_PERIODS[period] - 1):
        start = period_start(start - timedelta(days=1), period)
    return start


def _market(asking: _Asking, day: date) -> metrics.Market | Missing:
    found = asking(metrics.market, since=day - timedelta(days=MARKET_DAYS), until=day)
    if isinstance(found, metrics.Market) and found.reason:
        return Missing(found.reason, "Import prices of BTC, then close.")
    return found


def _definitions(snapshot: Snapshot, day: date) -> Mapping[str, str]:
    record = snapshot.manifest.closed.get(str(day), {})
    definitions: dict[str, str] = snapshot.manifest.notes.get("definitions", {}).get(record.get("definitions"), {})
    return dict(sorted(definitions.items()))


def _people(
    engine: Engine, snapshot: Snapshot, worklists: metrics.Worklists | Missing, keys: list[str], missing: Mapping[str, str]
) -> Mapping[str, UserList]:
    """The first users of each list, by what is at stake; columns that were never given are left out."""
    if isinstance(worklists, Missing):
        return {}
    columns = [name for name in PEOPLE_COLUMNS if name not in missing]
    return {
        each.key: list_users(
            engine,
            snapshot,
            Selection(rule=each.rule, as_of=worklists.as_of),
            keys,
            columns=columns,
            order=each.value_of if each.value_of not in missing else "registered_on",
            limit=PEOPLE_SHOWN,
        )
        for each in worklists.rows
        if each.users
    }


def _restated(home: Home, freshness: Freshness, day: date) -> tuple[Mapping[str, Any], ...]:
    """News since the as-of day began; what was closed again before then has been told before."""
    return tuple(
        each for each in freshness.restatements if day_of(datetime.fromisoformat(str(each["at"])), home.settings.zone) >= day
    )
