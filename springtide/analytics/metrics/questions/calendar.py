"""Calendar periods in a zone, and the zone's offsets as a table, so that local time is plain arithmetic on every engine.

A period is an interval of local clock time: the hour that a clock shows twice is one period of two hours, and the one that it
skips is a period without events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Column, Schema
from springtide.kernel.errors import BadInput

Grain = Literal["hour", "day", "week", "month"]
WeekStart = Literal["monday", "sunday"]
GRAINS: tuple[Grain, ...] = get_args(Grain)
MOST_PERIODS = 5000
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
EPOCH = datetime(1970, 1, 1)
STEP = timedelta(days=1)

OFFSETS: Schema = (
    Column("from_us", "bigint", False, "first instant at which the offset holds"),
    Column("until_us", "bigint", False, "first instant at which it does no longer"),
    Column("offset_us", "bigint", False, "local time less UTC"),
)
PERIODS: Schema = (
    Column("local_no", "bigint", False, "local hour or day since 1970"),
    Column("period_no", "integer", False, "the period in which it lies, from 0"),
)


@dataclass(frozen=True)
class Calendar:
    """Hours, days, weeks or months of a zone."""

    zone: ZoneInfo
    grain: Grain = "day"
    week_start: WeekStart = "monday"

    def start_of(self, local: datetime | date) -> datetime:
        """The first local time of the period in which a local time lies."""
        moment = local if isinstance(local, datetime) else datetime.combine(local, time())
        if self.grain == "hour":
            return moment.replace(minute=0, second=0, microsecond=0)
        day = datetime.combine(moment.date(), time())
        if self.grain == "week":
            return day - timedelta(days=(day.weekday() + (self.week_start == "sunday")) % 7)
        return day.replace(day=1) if self.grain == "month" else day

    def after(self, start: datetime, periods: int = 1) -> datetime:
        """The first local time of the period so many after the one that begins at `start`; before it, if negative."""
        if self.grain == "month":
            months = start.year * 12 + start.month - 1 + periods
            return start.replace(year=months // 12, month=months % 12 + 1)
        lengths = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
        return start + lengths[self.grain] * periods

    def between(self, since: datetime, until: datetime) -> list[datetime]:
        """The first local times of the periods that touch the local times from `since` up to `until`.

        refuses    too_many_periods    more than MOST_PERIODS
        """
        starts = [self.start_of(since)]
        while (following := self.after(starts[-1])) < until:
            starts.append(following)
            if len(starts) > MOST_PERIODS:
                raise BadInput(
                    f"From {since} to {until} there are more than {MOST_PERIODS} periods.",
                    "Ask for a shorter range or longer periods.",
                    code="too_many_periods",
                )
        return starts

    def label(self, start: datetime) -> str:
        """The ISO text of a period: its first day, or its first hour."""
        return start.isoformat() if self.grain == "hour" else start.date().isoformat()

    def rows(self, starts: list[datetime], *, first_no: int = 0) -> list[tuple[int, int]]:
        """Rows of PERIODS: the local hours or days of consecutive periods."""
        found = []
        for number, start in enumerate(starts, first_no):
            first, beyond = self.local_no(start), self.local_no(self.after(start))
            found += [(one, number) for one in range(first, beyond)]
        return found

    @property
    def unit_us(self) -> int:
        """The length of what `local_no` counts: hours for hours, else days."""
        return HOUR_US if self.grain == "hour" else DAY_US

    def local_no(self, local: datetime) -> int:
        """The local hour or day since 1970 in which a local time lies."""
        return micros(local) // self.unit_us

    def offset_us(self, at_us: int) -> int:
        """Local time less UTC at an instant, in microseconds."""
        return _offset(self.zone, at_us)

    def in_zone(self, local: datetime) -> int:
        """The instant of a local time, in microseconds since 1970; of a time shown twice, the first."""
        aware = local if local.tzinfo else local.replace(tzinfo=self.zone)
        return micros(aware.astimezone(UTC))


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a UTC or a local time."""
    return (moment.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=64)
def offsets(zone: ZoneInfo, first_us: int, last_us: int) -> tuple[tuple[int, int, int], ...]:
    """Rows of OFFSETS that cover the instants from `first_us` to `last_us`: one for every change of the clock between them."""
    found: list[tuple[int, int, int]] = []
    begun, offset = first_us, _offset(zone, first_us)
    for change in _changes(zone, first_us, last_us):
        found.append((begun, change, offset))
        begun, offset = change, _offset(zone, change)
    return (*found, (begun, last_us + 1, offset))


def _changes(zone: ZoneInfo, first_us: int, last_us: int) -> Iterator[int]:
    """The instants at which the offset changes: found by days, then by halving down to the second."""
    at = first_us
    while at < last_us:
        following = min(at + DAY_US, last_us)
        if _offset(zone, at) != _offset(zone, following):
            low, high = at, following
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, at) else (low, middle)
            yield high
            following = high
        at = following


def _offset(zone: ZoneInfo, at_us: int) -> int:
    moment = (EPOCH + timedelta(microseconds=at_us)).replace(tzinfo=UTC)
    shift = moment.astimezone(zone).utcoffset()
    assert shift is not None
    return shift // timedelta(microseconds=1)
