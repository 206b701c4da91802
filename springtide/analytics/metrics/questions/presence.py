"""Who was active in which period: what day-grain questions are answered from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.calendar import PERIODS, Calendar
from springtide.analytics.metrics.questions.form import Matcher, Span
from springtide.analytics.metrics.questions.stream import Stream


def make_presence(
    stream: Stream,
    activity: Matcher,
    calendar: Calendar,
    starts: Sequence[datetime],
    span: Span,
    *,
    with_began: bool = False,
) -> None:
    """Make `presence`: user_no, period_no (the place in `starts`), one row per user and period with an event inside the span.

    `with_began` makes `first_seen` (user_no, local_no) and `began` (user_no, began_period) of the first event inside the span, too.
    """
    engine = stream.engine
    stream.define("active_events", {"is_active": activity}, span=span, calendar=calendar, at_day_grain=True)
    engine.table("asked_periods", PERIODS, calendar.rows(list(starts)))
    engine.make("presence", definition(__package__, "presence").text)
    if with_began:
        engine.make("first_seen", "select user_no, min(local_no) as local_no from active_events group by user_no")
        engine.make("began", definition(__package__, "presence_began").text)
