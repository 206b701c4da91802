"""Days, weeks and months of the reporting zone, and the UTC instants between which they lie.

A day is a calendar day in the reporting zone. Times are UTC; in the lake they are naive and mean UTC. Weeks begin on Monday.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from springtide.kernel.errors import BadInput

Period = Literal["day", "week", "month"]
PERIODS: tuple[Period, ...] = ("day", "week", "month")


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as `Asia/Shanghai`.

    refuses    unknown_zone    no zone has this name
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise BadInput(
            f"There is no time zone '{name}'.",
            "Give an IANA name such as UTC, Asia/Shanghai or Asia/Singapore.",
            code="unknown_zone",
        ) from unknown


def parse_day(text: str) -> date:
    """A day from ISO text such as 2026-03-01.

    refuses    bad_day    the text is not a day
    """
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise BadInput(f"'{text}' is not a day.", "Write it as 2026-03-01.", code="bad_day") from bad


def start_of_day(day: date, reporting_zone: ZoneInfo) -> datetime:
    """The UTC instant (naive) at which `day` begins in the reporting zone."""
    return datetime.combine(day, time(), tzinfo=reporting_zone).astimezone(UTC).replace(tzinfo=None)


def day_bounds(day: date, reporting_zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The half-open UTC interval (naive) that `day` covers in the reporting zone: from, up to."""
    return start_of_day(day, reporting_zone), start_of_day(day + timedelta(days=1), reporting_zone)


def day_of(instant: datetime, reporting_zone: ZoneInfo) -> date:
    """The day in the reporting zone of a UTC instant, aware or naive."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(reporting_zone).date()


def days(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def period_start(day: date, period: Period) -> date:
    """The first day of the day, ISO week or month in which `day` lies."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def next_period(start: date, period: Period) -> date:
    """The first day of the period after the one that begins on `start`."""
    if period == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def periods(first: date, last: date, period: Period) -> Iterator[date]:
    """The first day of every period that touches `first` to `last`."""
    start = period_start(first, period)
    while start <= last:
        yield start
        start = next_period(start, period)


def month_end(day: date) -> bool:
    """True on the last day of a month."""
    return (day + timedelta(days=1)).day == 1
