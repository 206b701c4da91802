"""The five numbers that the Overview opens with, each against the time before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from springtide.analytics.daybook.tables import ACTIVITY, EQUITY_DAYS, USER_DAYS
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import (
    BY_WEEK,
    DERIVED,
    are_users_derived,
    attach_profiles,
    first_closed,
    is_weekly,
    missing,
    text,
)
from springtide.kernel.money import usdt

WEEK_DAYS = 7
MONTH_DAYS = 30
FIRST_TRADE_DAYS = 7


@dataclass(frozen=True)
class HeadlineNumber:
    """One number. `before` is the same over the comparable time before, null where the history does not reach; `reason`: why there is none.

    `change_ratio` = value ÷ before − 1. For a ratio, `over` is the number of users it is taken of.
    """

    key: str
    unit: Literal["users", "usdt", "ratio"]
    value: float | int | Decimal | None
    before: float | int | Decimal | None
    change_ratio: float | None
    compared_with: date | None  # the last day of the time before
    over: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Headline(Answer):
    """daily_active_traders, monthly_active_traders, net_revenue_30d, assets, first_trade_7d, in this order."""

    as_of: date
    rows: tuple[HeadlineNumber, ...]


def headline(engine: Engine, snapshot: Snapshot) -> Headline:
    """The five numbers as of the last closed day, of counted users.

    daily active traders     mean over the last 7 days, against the 7 before
    monthly active traders   who traded in the last 30 days, against the 30 before
    net revenue              of the last 30 days, against the 30 before
    assets                   equity at the end of the day, against 30 days earlier
    first trade in 7 days    of those who registered in the latest 30 days whose first 7 days have passed, against the 30 days before

    refuses    nothing_closed    no day was closed yet
    """
    as_of = snapshot.require_closed()
    begun = first_closed(snapshot)
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "activity", ACTIVITY)
    traders = engine.rows(text("headline_traders")).dicts()[0]
    month_before, before_that = as_of - timedelta(days=MONTH_DAYS), as_of - timedelta(days=2 * MONTH_DAYS)
    snapshot.attach(engine, "user_days", USER_DAYS, since=before_that, until=as_of)
    snapshot.attach(engine, "equity_days", EQUITY_DAYS, since=month_before, until=as_of)
    money = engine.rows(text("headline_money"), as_of=as_of, before=month_before, before_that=before_that).dicts()[0]
    # Thirty days hold four or five of the Mondays on which a source by week has its rows: no two such windows compare.
    has_two_months = begun <= before_that + timedelta(days=1) and not is_weekly(snapshot)
    by_day = BY_WEEK if is_weekly(snapshot) else missing(snapshot, "last_trade_on")
    week_before = as_of - timedelta(days=WEEK_DAYS)
    rows = (
        _number(
            "daily_active_traders", "users", traders["trader_days_7d"] / WEEK_DAYS, traders["trader_days_7d_before"] / WEEK_DAYS,
            week_before, has_before=begun <= week_before - timedelta(days=WEEK_DAYS - 1), reason=by_day,
        ),
        _number(
            "monthly_active_traders", "users", traders["traders_30d"], traders["traders_30d_before"],
            month_before, has_before=has_two_months, reason=missing(snapshot, "last_trade_on"),
        ),
        _number(
            "net_revenue_30d", "usdt", usdt(money["net_revenue_usdt"]), usdt(money["net_revenue_before_usdt"]),
            month_before, has_before=has_two_months, reason=missing(snapshot, "net_revenue_30d_usdt"),
        ),
        _number(
            "assets", "usdt", usdt(money["equity_usdt"]), usdt(money["equity_before_usdt"]),
            month_before, has_before=bool(snapshot.entries("equity_days", since=month_before, until=month_before)),
            reason=missing(snapshot, "equity_usdt"),
        ),
        _first_trade(engine, snapshot, as_of, begun),
    )  # fmt: skip
    return Headline(as_of, rows)


def _first_trade(engine: Engine, snapshot: Snapshot, as_of: date, begun: date) -> HeadlineNumber:
    closed_by = as_of - timedelta(days=FIRST_TRADE_DAYS - 1)
    before = closed_by - timedelta(days=MONTH_DAYS)
    before_that = before - timedelta(days=MONTH_DAYS)
    reason = BY_WEEK if is_weekly(snapshot) else missing(snapshot, "first_trade_on")
    if are_users_derived(engine, snapshot):
        reason = DERIVED
    cohorts: Mapping[str, Any] = engine.rows(
        text("headline_first_trade"),
        window_days=FIRST_TRADE_DAYS,
        closed_by=closed_by,
        before=before,
        before_that=before_that,
    ).dicts()[0]
    if not reason and not cohorts["registrants"]:
        reason = f"nobody registered from {before + timedelta(days=1)} to {closed_by}"
    return _number(
        "first_trade_7d",
        "ratio",
        cohorts["traders"] / (cohorts["registrants"] or 1),
        cohorts["traders_before"] / (cohorts["registrants_before"] or 1),
        before,
        has_before=begun <= before_that + timedelta(days=1) and cohorts["registrants_before"] > 0,
        reason=reason,
        over=cohorts["registrants"],
    )


def _number(
    key: str,
    unit: Literal["users", "usdt", "ratio"],
    value: float | int | Decimal,
    before: float | int | Decimal,
    compared_with: date,
    *,
    has_before: bool,
    reason: str | None,
    over: int | None = None,
) -> HeadlineNumber:
    if reason:
        return HeadlineNumber(key, unit, None, None, None, None, reason=reason)
    if not has_before:
        return HeadlineNumber(key, unit, value, None, None, None, over)
    change = float(value) / float(before) - 1 if before > 0 else None
    return HeadlineNumber(key, unit, value, before, change, compared_with, over)
