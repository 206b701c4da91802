"""What a property adds up to by given days: over all time, over trailing days or months, or from the first of the month."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import EPOCH, Calendar
from springtide.analytics.metrics.questions.form import ANYTHING, Form, Key, Matcher, Prop
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import UnknownName, suggest

WINDOW = re.compile(r"all_time|month_to_date|trailing_(?P<length>[1-9]\d{0,3})_(?P<unit>days|months)")


@dataclass(frozen=True)
class Cumulative:
    activity: Matcher
    prop: Prop | None
    window: str
    days: tuple[date, ...]
    calendar: Calendar
    opened: date | None


def read(form: Form, stream: Stream) -> Cumulative:
    window = form.text("window", "all_time") or ""
    if not WINDOW.fullmatch(window):
        raise UnknownName(
            f"'window' is '{window}'.",
            "It can be all_time, month_to_date, trailing_7_days or trailing_3_months, with any number.",
            code="unknown_choice",
        )
    prop = form.prop(scope="event") if form.has("prop") else None
    form.take("prop")
    days, opened = form.days("days"), None
    if inner := form.form("open"):
        opened = inner.day("day")
        inner.end()
        if opened not in days:
            raise UnknownName(f"{opened} is none of the days.", suggest(str(opened), map(str, days)), code="unknown_period")
    return Cumulative(form.matcher("activity", ANYTHING), prop, window, days, Calendar(form.zone(stream.zone)), opened)


def answer(asked: Cumulative, stream: Stream) -> dict[str, Any]:
    stream.define(
        "added_events",
        {"is_added": asked.activity},
        numbers={"amount": asked.prop} if asked.prop else {},
        calendar=asked.calendar,
    )
    name = "cumulative" if asked.prop else "cumulative_count"
    told = stream.engine.rows(definition(__package__, name).text).values
    known = [number for number, _ in told]
    sums = [0, *accumulate(amount or 0 for _, amount in told)]
    places = stream.source.places(asked.prop) if asked.prop else 0
    values = {}
    for day in asked.days:
        first, last = _window(asked.window, day)
        total = _upto(known, sums, last) - _upto(known, sums, first)
        values[day.isoformat()] = float(Decimal(total).scaleb(-places)) if asked.prop else int(total)
    found: dict[str, Any] = {"values": values}
    if asked.opened:
        after_no, last_no = ((end - EPOCH.date()).days for end in _window(asked.window, asked.opened))
        adds = " and amount is not null" if asked.prop else ""
        rows = stream.engine.rows(
            f"select distinct user_no from added_events where local_no > $after_no and local_no <= $last_no{adds}",
            after_no=after_no,
            last_no=last_no,
        )
        found["opened"] = stream.opened(user_no for (user_no,) in rows.values)
    return found


def _window(window: str, day: date) -> tuple[date, date]:
    """The day after which the window begins, and its last day."""
    found = WINDOW.fullmatch(window)
    assert found is not None
    if found["unit"] == "days":
        return day - timedelta(days=int(found["length"])), day
    if found["unit"] == "months":
        return months_before(day, int(found["length"])), day
    return (day.replace(day=1) - timedelta(days=1) if window == "month_to_date" else date.min), day


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months before, or the month's last where it is shorter."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    following = (first + timedelta(days=31)).replace(day=1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def _upto(known: Sequence[int], sums: Sequence[Any], day: date) -> Any:
    """The sum of all days up to and with `day`."""
    return sums[bisect_right(known, (day - EPOCH.date()).days)]


KIND = Kind(
    "cumulative",
    "What has a property added up to by these days?",
    keys=(
        kind.ACTIVITY,
        Key("prop", "property of the event to add up", "events are counted"),
        Key(
            "window",
            "`all_time`, `trailing_N_months` (after the same day N months before, up to the day), `trailing_N_days` (with the day), "
            "`month_to_date`",
            "`all_time`",
        ),
        Key("days", "local days at whose end the value is told"),
        kind.TZ,
        Key("open", "`{day}`: the users whose events add up to its value", "nothing is opened"),
    ),
    tells=(Key("values", "day → value; without any event it is 0"), kind.OPENED),
    read=read,
    answer=answer,
)
