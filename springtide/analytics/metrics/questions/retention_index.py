"""In which period after their start a user came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import EPOCH, HOUR_US, Calendar
from springtide.analytics.metrics.questions.form import Form, Key, Matcher
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.retention import ELAPSED, Windows
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

Rounding = Literal["hour", "day"]


@dataclass(frozen=True)
class RetentionIndex:
    start: Matcher
    back: Matcher
    calendar: Calendar
    windows: Windows
    rounding: Rounding


def read(form: Form, stream: Stream) -> RetentionIndex:
    return RetentionIndex(
        form.matcher("start", Matcher(("start",))),
        form.matcher("return", Matcher(("return",))),
        form.calendar(reporting_zone=stream.zone),
        form.choice("windows", ("calendar", "rolling"), "calendar"),
        form.choice("rounding", ("hour", "day"), "hour"),
    )


def answer(asked: RetentionIndex, stream: Stream) -> dict[str, Any]:
    stream.define("start_and_return", {"is_start": asked.start, "is_return": asked.back})
    told = stream.engine.rows(definition(__package__, "retention_index").text).values
    if len(told) > 1:
        raise BadInput(
            f"{len(told)} users have a start event.", "The index is of one user; ask of many with retention.", code="many_users"
        )
    if not told or told[0][2] is None:
        return {"index": None}
    _, start_us, return_us = told[0]
    return {
        "index": rolling(asked, start_us, return_us) if asked.windows == "rolling" else calendar(asked, start_us, return_us)
    }


def calendar(asked: RetentionIndex, start_us: int, return_us: int) -> int:
    """How many calendar periods lie between."""
    clock = asked.calendar
    start, back = (clock.start_of(_local(clock, at_us)) for at_us in (start_us, return_us))
    if clock.grain == "month":
        return (back.year - start.year) * 12 + back.month - start.month
    return (back - start) // (clock.after(start) - start)


def rolling(asked: RetentionIndex, start_us: int, return_us: int) -> int:
    """Whole lengths of a period between both times, rounded down: whole hours as they pass, days as the zone's calendar has them."""
    clock = asked.calendar
    if asked.rounding == "day":
        passed = _local(clock, return_us).date() - _local(clock, start_us).date()
        return passed // ELAPSED[clock.grain]
    hours = (_local_us(clock, at_us) // HOUR_US * HOUR_US - _local_us(clock, at_us) + at_us for at_us in (start_us, return_us))
    first, last = hours
    return timedelta(microseconds=last - first) // ELAPSED[clock.grain]


def _local(clock: Calendar, at_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=_local_us(clock, at_us))


def _local_us(clock: Calendar, at_us: int) -> int:
    return at_us + clock.offset_us(at_us)


KIND = Kind(
    "retention_index",
    "In which period after the start event did the return event come?",
    keys=(
        Key("start", "matcher of the start event: the first one counts", "the event `start`"),
        Key("return", "matcher of the return event: the first one not before the start counts", "the event `return`"),
        kind.PERIOD,
        Key("windows", "`calendar` periods between, or `rolling`: whole 24 hours, 7 or 30 days that have passed", "`calendar`"),
        Key("rounding", "for rolling windows both times are rounded down to the `hour` or the `day` in `tz`", "`hour`"),
        kind.WEEK_START,
        kind.TZ,
    ),
    tells=(Key("index", "0 is the period of the start; null where nothing came back"),),
    read=read,
    answer=answer,
)
