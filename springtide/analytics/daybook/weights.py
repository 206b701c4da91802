"""Which days count how often when the state moves from one as-of day to another: the arithmetic behind the signed deltas."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from springtide.analytics.daybook.tables import MASK_BITS, WINDOWS
from springtide.analytics.engine import Column, Schema
from springtide.kernel.days import period_start

DAY_WEIGHTS: Schema = (
    Column("day", "date", False),
    Column("side", "varchar", False, "now: the rows of the day as they are; before: as they were when last counted"),
    Column("in_7d", "integer", False),
    Column("in_30d", "integer", False),
    Column("in_90d", "integer", False),
    Column("in_all", "integer", False),
    Column("is_new", "boolean", False, "the day's rows were not counted before, or were corrected"),
    Column("day_bit", "bigint", False),
    Column("week_bit", "bigint", False),
    Column("month_bit", "bigint", False),
)
DAY_BITS: Schema = (
    Column("day", "date", False),
    Column("day_bit", "bigint", False),
    Column("week_bit", "bigint", False),
    Column("month_bit", "bigint", False),
)


def ages(day: date, as_of: date) -> tuple[int, int, int]:
    """How many days, ISO weeks and months `day` lies before `as_of`."""
    weeks = (period_start(as_of, "week") - period_start(day, "week")).days // 7
    months = (as_of.year - day.year) * 12 + as_of.month - day.month
    return (as_of - day).days, weeks, months


def bits(day: date, as_of: date) -> tuple[int, int, int]:
    """The bits that activity on `day` sets in the masks of days, weeks and months as of `as_of`; 0 where it is too old."""
    day_age, week_age, month_age = ages(day, as_of)
    return _bit(day_age), _bit(week_age), _bit(month_age)


def _bit(age: int) -> int:
    return 1 << age if 0 <= age < MASK_BITS else 0


@dataclass(frozen=True)
class Shift:
    """How masks grow older: cut to `keep`, then multiply by `factor`, so that nothing leaves the 62 bits."""

    keep: int
    factor: int

    @classmethod
    def by(cls, periods: int) -> Shift:
        if periods >= MASK_BITS:
            return cls(0, 1)
        return cls((1 << (MASK_BITS - periods)) - 1, 1 << periods)


def shifts(before: date, as_of: date) -> dict[str, int]:
    """The parameters with which `activity.sql` moves masks from `before` to `as_of`."""
    day_age, week_age, month_age = ages(before, as_of)
    named = {"day": Shift.by(day_age), "week": Shift.by(week_age), "month": Shift.by(month_age)}
    return {f"{name}_{part}": getattr(shift, part) for name, shift in named.items() for part in ("keep", "factor")}


def day_weights(before: date, as_of: date, corrected: Collection[date]) -> list[tuple[object, ...]]:
    """Rows of DAY_WEIGHTS that take sums from `before` to `as_of`, with some earlier days corrected.

    A day is in a window of W days when it lies in (as_of − W, as_of]. What the state holds lay in (before − W, before].
    """
    step = (as_of - before).days
    came = {before + timedelta(days=n + 1) for n in range(step)}
    leaving = {before - timedelta(days=window - 1 - n) for window in WINDOWS for n in range(step)} - came

    def held(day: date, window: int, at: date) -> int:
        return int(at - timedelta(days=window) < day <= at)

    rows: list[tuple[object, ...]] = []
    for day in sorted(came | leaving | set(corrected)):
        is_new = day in came or day in corrected
        now = [held(day, window, as_of) for window in WINDOWS]
        if day in corrected:
            old = [-held(day, window, before) for window in WINDOWS]
            rows.append((day, "before", *old, -1, False, *bits(day, as_of)))
        elif not is_new:
            now = [in_now - held(day, window, before) for in_now, window in zip(now, WINDOWS, strict=True)]
        rows.append((day, "now", *now, int(is_new), is_new, *bits(day, as_of)))
    return rows


def day_bits(days: Iterable[date], as_of: date) -> list[tuple[object, ...]]:
    """Rows of DAY_BITS for a history."""
    return [(day, *bits(day, as_of)) for day in days]
