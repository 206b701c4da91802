"""The five numbers with which every morning begins, on screen and in reports: the week that ends with a day, against the week before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from springtide.analytics.daybook.spec import missing_columns
from springtide.analytics.daybook.tables import MOVES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import attach_profiles, kept_day, text, unavailable_strata
from springtide.kernel.money import usdt

WEEK = 7
SHOWN = 5


@dataclass(frozen=True)
class HeadlineFigure:
    """A figure that may open the morning.

    needs    profile columns and stratifications without which it cannot be told
    rule     who is counted, as segments speak; `{since}` and `{day}` are the first and the last day of the week
    money    the column that is summed instead of heads
    moved    the stratification and the stratum that they entered in the week, where a rule cannot say it
    """

    key: str
    better: Literal["up", "down"]
    needs: tuple[str, ...]
    rule: str = "true"
    money: str = ""
    moved: tuple[str, str] | None = None

    @property
    def unit(self) -> Literal["users", "usdt"]:
        return "usdt" if self.money else "users"

    def rule_on(self, day: date) -> str:
        """The rule in the week that ends with `day`."""
        return self.rule.format(since=day - timedelta(days=WEEK - 1), day=day)


HEADLINE: tuple[HeadlineFigure, ...] = (  # best first: five that can be told are shown, else those that cannot, with the reason
    HeadlineFigure("active_traders", "up", ("days_since_trade",), f"days_since_trade < {WEEK}"),
    HeadlineFigure("first_trades", "up", ("first_trade_on",), "first_trade_on >= '{since}' and first_trade_on <= '{day}'"),
    HeadlineFigure("gone_quiet", "down", ("activity",), moved=("activity", "quiet")),
    HeadlineFigure("net_revenue", "up", ("net_revenue_7d_usdt",), "net_revenue_7d_usdt <> 0", "net_revenue_7d_usdt"),
    HeadlineFigure("assets", "up", ("equity_usdt",), "equity_usdt <> 0", "equity_usdt"),
    HeadlineFigure(
        "active_again", "up", ("activity", "first_trade_on"), "first_trade_on < '{since}'", moved=("activity", "active")
    ),
    HeadlineFigure("registrations", "up", ("registered_on",), "registered_on >= '{since}' and registered_on <= '{day}'"),
)


def chosen(missing: Collection[str]) -> tuple[HeadlineFigure, ...]:
    """The five that are shown where these columns and stratifications cannot be told."""
    untold = [each for each in HEADLINE if any(need in missing for need in each.needs)]
    told = [each for each in HEADLINE if each not in untold]
    return tuple(sorted([*told, *untold][:SHOWN], key=HEADLINE.index))


@dataclass(frozen=True)
class HeadlineNumber:
    """One number. `before` is the same in the week before, null where that day is not kept; `reason`: why there is no number.

    `change_ratio` = value ÷ before − 1; null where `before` is not above 0.
    """

    key: str
    unit: Literal["users", "usdt"]
    value: int | Decimal | None
    before: int | Decimal | None
    change_ratio: float | None
    compared_with: date | None  # the last day of the week before
    reason: str | None = None


@dataclass(frozen=True)
class Headline(Answer):
    """The five numbers, in the order of HEADLINE."""

    as_of: date
    rows: tuple[HeadlineNumber, ...]


def headline(engine: Engine, snapshot: Snapshot, *, as_of: date | None = None) -> Headline:
    """The five numbers of the week that ends with a kept day (default: the last closed one), of counted users.

    active_traders    traded in the week                        net_revenue      Σ net revenue of the week
    first_trades      traded for the first time ever in it      assets           Σ equity at the end of the day
    gone_quiet        entered the stratum `quiet` in it         registrations    registered in it
    active_again      entered the stratum `active` in it, having first traded before it

    refuses    nothing_closed, not_kept
    """
    day = kept_day(snapshot, as_of)
    before = day - timedelta(days=WEEK)
    missing = missing_columns(snapshot.manifest) | unavailable_strata(snapshot, day)
    now = _figures(engine, snapshot, day)
    was = _figures(engine, snapshot, before) if before in snapshot.days("strata") else None
    return Headline(day, tuple(_number(each, now, was, before, missing) for each in chosen(missing)))


def _figures(engine: Engine, snapshot: Snapshot, day: date) -> dict[str, int]:
    week = {"before": day - timedelta(days=WEEK), "day": day}
    attach_profiles(engine, snapshot, day)
    [stood] = engine.rows(text("headline"), week_days=WEEK, **week).dicts()
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "moves", MOVES, since=day - timedelta(days=WEEK - 1), until=day)
    [moved] = engine.rows(text("headline_moves"), **week).dicts()
    return {**stood, **moved}


def _number(
    figure: HeadlineFigure,
    now: Mapping[str, int],
    was: Mapping[str, int] | None,
    compared_with: date,
    missing: Mapping[str, str],
) -> HeadlineNumber:
    if reason := next((missing[need] for need in figure.needs if need in missing), None):
        return HeadlineNumber(figure.key, figure.unit, None, None, None, None, reason)

    def told(figures: Mapping[str, int]) -> int | Decimal:
        return usdt(figures[figure.key]) if figure.money else figures[figure.key]

    value = told(now)
    if was is None:
        return HeadlineNumber(figure.key, figure.unit, value, None, None, None)
    before = told(was)
    change = float(value) / float(before) - 1 if before > 0 else None
    return HeadlineNumber(figure.key, figure.unit, value, before, change, compared_with)
