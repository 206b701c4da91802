"""Who was active in which period: what day-grain questions are answered from.

It is made from events, or, over the lake and where the numbers are the same, from `active_days`, which the close has derived from
them: see `day_grain.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.calendar import PERIODS, Calendar
from springtide.analytics.metrics.questions.form import Matcher, Span
from springtide.analytics.metrics.questions.stream import Stream


def make_presence(
    stream: Stream, activity: Matcher, calendar: Calendar, starts: Sequence[datetime], span: Span, *, name: str = "presence"
) -> None:
    """Make the table `name`: user_no, period_no (the place in `starts`), one row per user and period with an event inside the span."""
    engine = stream.engine
    stream.define("active_events", {"is_active": activity}, span=span, calendar=calendar)
    engine.table("asked_periods", PERIODS, calendar.rows(list(starts)))
    engine.make(name, definition(__package__, "presence").text)
