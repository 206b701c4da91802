"""Retention over the lake from the masks of activity: which of the last 62 days, weeks or months every user was active in.

The numbers are those of the events; the work is that of the users and not of what they did.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from springtide.analytics.daybook.tables import ACTIVITY, MASK_BITS
from springtide.analytics.engine import Column, Schema, definition
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts import fact_schema
from springtide.analytics.metrics.growth_accounting import age_of
from springtide.analytics.metrics.questions.lake_events import LakeEvents
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.days import days

if TYPE_CHECKING:
    from springtide.analytics.metrics.questions.retention import Retention

MASK_CELLS: Schema = (
    Column("cohort_no", "integer", False),
    Column("column_no", "integer", False),
    Column("cohort_bit", "bigint", False, "the bit of the cohort's period"),
    Column("return_bits", "bigint", False, "the bits of the periods that the column counts"),
    Column("keep_bits", "bigint", False, "the bits that any cell looks at"),
)
COHORT_DAYS: Schema = (Column("day", "date", False), Column("cohort_no", "integer", False))


def from_masks(asked: Retention, stream: Stream) -> list[tuple[int, int, int]] | None:
    """Cohort, column and users of each cell; null where only the days or the events can tell."""
    source, engine = stream.source, stream.engine
    if not isinstance(source, LakeEvents) or not _is_of_masks(asked, source):
        return None
    back, start = source.product_of(asked.back.events), source.product_of(asked.start.events)
    is_registered = asked.start.events == ("registered",)
    is_first = asked.cohort_rule == "first_match" or is_registered
    if back is None or not (is_registered or start == back):
        return None
    cells = _cells(asked, source)
    if cells is None:
        return None
    engine.table("mask_cells", MASK_CELLS, cells)
    source.snapshot.attach(engine, "activity", ACTIVITY)
    source.attach_profiles(engine)
    params = {"period": asked.calendar.grain, "product": back, "is_everyone": source.is_everyone}
    if is_first:
        mask = f"{asked.calendar.grain}s_mask"
        starters = (
            f"select user_no, first_on as started_on, {mask} as active_mask from activity where product = {literal(back)}"
        )
        if is_registered:
            source.snapshot.attach(engine, "users", fact_schema("users"))
            starters = (
                f"select u.user_no, u.registered_on as started_on, coalesce(a.{mask}, 0) as active_mask from users as u"
                f" left join activity as a on u.user_no = a.user_no and a.product = {literal(back)} where u.user_no = u.master_no"
            )
        engine.define("starters", starters)
        engine.table("cohort_days", COHORT_DAYS, _cohort_days(asked))
    told = engine.rows(definition(__package__, f"retention_masks_{'first' if is_first else 'every'}").text, **params)
    return [(cohort, column, users) for cohort, column, users in told.values]


def _is_of_masks(asked: Retention, source: LakeEvents) -> bool:
    calendar = asked.calendar
    has_where = asked.start.where or asked.back.where
    return (
        asked.is_of_days
        and not has_where
        and asked.opened is None
        and calendar.zone.key == source.zone.key
        and calendar.grain != "hour"
        and (calendar.grain != "week" or calendar.week_start == "monday")
        and source.is_closed()
    )


def _cells(asked: Retention, source: LakeEvents) -> list[tuple[int, int, int, int, int]] | None:
    """Rows of MASK_CELLS; null where a cohort is older than the masks reach. A period that has not begun has no bits."""
    calendar, as_of = asked.calendar, source.snapshot.require_closed()
    grain = calendar.grain
    assert grain != "hour"
    ages = [age_of(start.date(), as_of, grain) for start in asked.cohorts]
    if max(ages) >= MASK_BITS:
        return None
    least_age = 0 if asked.is_observed_beyond else max(ages[-1], 0)
    cells = []
    for cohort, age in enumerate(ages):
        bit = 1 << age if age >= 0 else 0
        cells.append((cohort, 0, bit, 0))
        for column, (first, last) in enumerate(asked.columns, 1):
            youngest = least_age if asked.counting == "on_or_after" else max(age - last, least_age)
            cells.append((cohort, column, bit, _bits(youngest, age - first)))
    keep = 0
    for _, _, bit, bits in cells:
        keep |= bit | bits
    return [(*cell, keep) for cell in cells]


def _bits(youngest: int, oldest: int) -> int:
    """The bits of the ages from `youngest` to `oldest`."""
    return (1 << (oldest + 1)) - (1 << youngest) if oldest >= youngest else 0


def _cohort_days(asked: Retention) -> list[tuple[object, int]]:
    return [
        (day, number)
        for number, start in enumerate(asked.cohorts)
        for day in days(start.date(), asked.calendar.after(start).date() - timedelta(days=1))
    ]
