"""What is asked of a served metric: which periods, by what, of whom; and where users stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.engine import Column, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.reading import STRATIFICATIONS, first_closed, last_of
from springtide.analytics.rules import Rule
from springtide.kernel.days import PERIODS, Period, periods
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest

COLUMNS = ("channel_id", "country", "language", "user_type")
PRODUCT = "product"
SHOWN_DAYS = {"day": 30, "week": 7 * 13, "month": 366}
Stood = Literal["then", "now"]

PERIODS_TABLE: Schema = (
    Column("period_on", "date", False),
    Column("last_on", "date", False),
    Column("before_on", "date", False),
    Column("from_at", "timestamp", False),
    Column("to_at", "timestamp", False),
)
DAY_BITS: Schema = (Column("day", "date", False), Column("day_bit", "bigint", False))
PERIOD_MASKS: Schema = (Column("period_on", "date", False), Column("days_mask", "bigint", False))
WINDOWS: Schema = (Column("day", "date", False), Column("period_on", "date", False))


@dataclass(frozen=True)
class Span:
    """The days of a period that were asked for. `is_whole`: they are all of its days."""

    since: date
    until: date
    is_whole: bool


def spans(snapshot: Snapshot, since: date | None, until: date | None, period: str) -> tuple[Span, ...]:
    """The periods from `since` to `until`, cut to what was asked and to what is closed.

    refuses    unknown_period    not day, week or month
               empty_range       it ends before it begins
               not_closed        it ends after the last closed day
               nothing_closed    no day was closed yet
    """
    if period not in PERIODS:
        raise UnknownName(f"There is no period '{period}'.", suggest(period, PERIODS), code="unknown_period")
    length: Period = period
    first, latest = first_closed(snapshot), snapshot.require_closed()
    until = until or latest
    since = since or max(first, until - timedelta(days=SHOWN_DAYS[length] - 1))
    if until < since:
        raise BadInput(f"The range from {since} to {until} is empty.", "Give the earlier day first.", code="empty_range")
    if until > latest:
        raise NothingYet(f"{until} is not closed.", f"The last closed day is {latest}.", code="not_closed")
    since = max(since, first)
    return tuple(
        Span(max(start, since), min(last_of(start, length), until), start >= since and last_of(start, length) <= until)
        for start in periods(since, until, length)
        if last_of(start, length) >= since
    )


def known_group(by: str | None, products: tuple[str, ...]) -> str | None:
    """refuses    unknown_grouping    the metric cannot be told by this"""
    allowed = (*STRATIFICATIONS, *COLUMNS, *((PRODUCT,) if products else ()))
    if by is not None and by not in allowed:
        raise UnknownName(f"This metric cannot be told by '{by}'.", suggest(by, allowed), code="unknown_grouping")
    return by


def people_query(by: str | None, where: str | None) -> str:
    """Counted users of whom `where` holds, each with the group in which they stand: user_no, group_key; reads known, stood.

    refuses    bad_rule, unknown_column, wrong_unit    the rule cannot be read
    """
    types = PROFILE_TYPES | dict.fromkeys(STRATIFICATIONS, "varchar")
    condition = f" and ({Rule.parse(where, types).sql()})" if where else ""
    strata = "".join(f", s.{key}" for key in STRATIFICATIONS)
    group = f"coalesce({by}, '{NOT_KNOWN}')" if by and by != PRODUCT else "''"
    return (
        f"select user_no, {group} as group_key from"
        f" (select k.*{strata} from known as k left join stood as s on k.user_no = s.user_no) as u"
        f" where is_counted{condition}"
    )


NOT_KNOWN = "(not known)"


def depends_on_the_day(by: str | None, where: str | None) -> bool:
    """Where users stand changes from day to day; channels, countries and products do not."""
    return by in STRATIFICATIONS or where is not None
