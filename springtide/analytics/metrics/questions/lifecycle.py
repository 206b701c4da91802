"""Of those active in a period: who is new, who came before too, who came back; and who stayed away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import Calendar
from springtide.analytics.metrics.questions.form import ANYTHING, Form, Key, Matcher, Span
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.presence import make_presence
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import UnknownName, suggest

NewBy = Literal["first_activity", "profile_created"]
STATES = ("new", "returning", "resurrecting", "dormant")


@dataclass(frozen=True)
class Lifecycle:
    """A question of lifecycle. `starts`: the periods asked for, with the one before them in front."""

    activity: Matcher
    calendar: Calendar
    starts: tuple[datetime, ...]
    span: Span
    new_by: NewBy
    opened: tuple[int, str] | None


def read(form: Form, stream: Stream) -> Lifecycle:
    calendar = form.calendar(reporting_zone=stream.zone)
    span = form.span()
    since, until = stream.range(span, calendar)
    starts = calendar.between(since, until)
    return Lifecycle(
        form.matcher("activity", ANYTHING),
        calendar,
        (calendar.after(starts[0], -1), *starts),
        Span(None, span.until),
        form.choice("new_by", ("first_activity", "profile_created"), "first_activity"),
        _opened(form, calendar, starts),
    )


def _opened(form: Form, calendar: Calendar, starts: list[datetime]) -> tuple[int, str] | None:
    inner = form.form("open")
    if inner is None:
        return None
    inner.need("period")
    moment, state = inner.moment("period"), inner.choice("state", STATES, "new")
    inner.end()
    assert moment is not None
    if (start := calendar.start_of(moment)) not in starts:
        labels = [calendar.label(one) for one in starts]
        raise UnknownName(
            f"There is no period {calendar.label(start)}.", suggest(calendar.label(start), labels), code="unknown_period"
        )
    return starts.index(start) + 1, state


def answer(asked: Lifecycle, stream: Stream) -> dict[str, Any]:
    make_presence(stream, asked.activity, asked.calendar, asked.starts, asked.span, with_began=True)
    if asked.new_by == "profile_created":
        stream.define_created("created", asked.calendar)
        stream.engine.make("began", definition(__package__, "lifecycle_created").text)
    stream.engine.make("lifecycle_states", definition(__package__, "lifecycle").text, periods=len(asked.starts))
    told = stream.engine.rows("select period_no, state, count(*) as users from lifecycle_states group by period_no, state")
    users = {(period, state): count for period, state, count in told.values}
    periods = range(1, len(asked.starts))
    found: dict[str, Any] = {"periods": [asked.calendar.label(start) for start in asked.starts[1:]]}
    found |= {state: [users.get((period, state), 0) for period in periods] for state in STATES}
    if asked.opened:
        period, state = asked.opened
        rows = stream.engine.rows(
            "select user_no from lifecycle_states where period_no = $period and state = $state", period=period, state=state
        )
        found["opened"] = stream.opened(user_no for (user_no,) in rows.values)
    return found


KIND = Kind(
    "lifecycle",
    "Of those active in a period: who is new, who was there before, who came back? And who stayed away?",
    keys=(
        kind.ACTIVITY,
        kind.PERIOD,
        Key("date_from", "a local day in the first period, which is taken whole", "from the beginning"),
        kind.DATE_TO,
        Key(
            "new_by",
            "`first_activity`: new in the first active period ever; `profile_created`: in that of the profile",
            "`first_activity`",
        ),
        kind.TZ,
        kind.WEEK_START,
        Key("open", "`{period, state}`: the users in that state", "nothing is opened"),
    ),
    tells=(
        Key("periods", "first day of each period"),
        Key("new", "users who are new"),
        Key("returning", "users active in the period before too"),
        Key("resurrecting", "users active earlier, and not in the period before"),
        Key("dormant", "users active in the period before and not in this one"),
        kind.OPENED,
    ),
    read=read,
    answer=answer,
)
