"""In how many periods of a range a user is active."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import Calendar
from springtide.analytics.metrics.questions.form import ANYTHING, Form, Key, Matcher, Span
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.presence import make_presence
from springtide.analytics.metrics.questions.stream import Stream


@dataclass(frozen=True)
class Stickiness:
    activity: Matcher
    calendar: Calendar
    starts: tuple[datetime, ...]
    span: Span
    is_cumulative: bool
    opened: int | None


def read(form: Form, stream: Stream) -> Stickiness:
    calendar = form.calendar(reporting_zone=stream.zone)
    span = form.span()
    starts = tuple(calendar.between(*stream.range(span, calendar)))
    cell = form.opens(periods=len(starts) + 1)
    return Stickiness(
        form.matcher("activity", ANYTHING), calendar, starts, span, form.flag("cumulative"), cell["periods"] if cell else None
    )


def answer(asked: Stickiness, stream: Stream) -> dict[str, Any]:
    make_presence(stream, asked.activity, asked.calendar, asked.starts, asked.span)
    told = stream.engine.rows(definition(__package__, "stickiness").text)
    active = dict(told.values)
    counts = [active.get(periods, 0) for periods in range(1, len(asked.starts) + 1)]
    if asked.is_cumulative:
        counts = [sum(counts[place:]) for place in range(len(counts))]
    found: dict[str, Any] = {"counts": counts, "users": sum(active.values())}
    if asked.opened is not None:
        found["opened"] = stream.opened(_users(asked, stream))
    return found


def _users(asked: Stickiness, stream: Stream) -> list[int]:
    compared = ">=" if asked.is_cumulative else "="
    told = stream.engine.rows(
        f"select user_no from presence group by user_no having count(*) {compared} $periods order by user_no",
        periods=asked.opened,
    )
    return [user_no for (user_no,) in told.values]


KIND = Kind(
    "stickiness",
    "How many users are active in exactly, or in at least, so many periods?",
    keys=(
        kind.ACTIVITY,
        kind.PERIOD,
        kind.DATE_FROM,
        kind.DATE_TO,
        Key("cumulative", "count users of at least so many periods instead of exactly so many", "`false`"),
        kind.TZ,
        kind.WEEK_START,
        Key("open", "`{periods}`: the users of that count", "nothing is opened"),
    ),
    tells=(Key("counts", "users active in 1, 2, … periods"), Key("users", "users active at all"), kind.OPENED),
    read=read,
    answer=answer,
)
