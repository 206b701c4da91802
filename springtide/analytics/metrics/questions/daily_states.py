"""The seven daily states over any events: every user is in exactly one of them on every day from their first event on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from springtide.analytics.engine import Column, Schema, definition
from springtide.analytics.metrics.daily_states import FAR_DAYS, NEAR_DAYS, STATES
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import EPOCH, Calendar
from springtide.analytics.metrics.questions.form import ANYTHING, Form, Key, Matcher, Span
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

DORMANT_DAYS = 60
MOST_DAYS = 3700
MOST_USERS_TOLD = 10_000
DAY_OFFSETS: Schema = (Column("offset_no", "integer", False, "days after an active day, from 0"),)


@dataclass(frozen=True)
class DailyStates:
    activity: Matcher
    calendar: Calendar
    span: Span
    near_days: int
    far_days: int
    max_dormant_days: int
    opened: tuple[int, str] | None  # local day, state


def read(form: Form, stream: Stream) -> DailyStates:
    near = form.whole("near_days", NEAR_DAYS, least=2, most=MOST_DAYS)
    far = form.whole("far_days", FAR_DAYS, least=2, most=MOST_DAYS)
    if near >= far:
        raise BadInput(
            f"Windows of {near} and {far} days cannot be told apart.", "The far one must be longer.", code="bad_windows"
        )
    dormant = form.whole("max_dormant_days", DORMANT_DAYS, least=0, most=MOST_DAYS)
    calendar = Calendar(form.zone(stream.zone))
    return DailyStates(form.matcher("activity", ANYTHING), calendar, form.span(), near, far, dormant, _opened(form))


def _opened(form: Form) -> tuple[int, str] | None:
    inner = form.form("open")
    if inner is None:
        return None
    day, state = inner.day("date"), inner.choice("state", STATES, STATES[0])
    inner.end()
    return (day - EPOCH.date()).days, state


def answer(asked: DailyStates, stream: Stream) -> dict[str, Any]:
    engine = stream.engine
    stream.define("active_events", {"is_active": asked.activity}, span=asked.span, calendar=asked.calendar, at_day_grain=True)
    gaps = engine.make("activity_gaps", definition(__package__, "daily_states_gaps").text)
    longest = engine.rows("select max(next_no - local_no) as longest from activity_gaps").scalar() if gaps else None
    engine.table("day_offsets", DAY_OFFSETS, [(n,) for n in range(max(longest or 0, asked.max_dormant_days + 1))])
    engine.make(
        "user_states",
        definition(__package__, "daily_states").text,
        near_days=asked.near_days,
        far_days=asked.far_days,
        max_dormant_days=asked.max_dormant_days,
    )
    totals: dict[str, dict[str, int]] = defaultdict(dict)
    for day, state, users in engine.rows(definition(__package__, "daily_states_totals").text).values:
        totals[_day(day)][state] = users
    moved = engine.rows(definition(__package__, "daily_states_moves").text).values
    found: dict[str, Any] = {
        "states": _states(stream),
        "totals": dict(totals),
        "transitions": [[_day(day), was, state, users] for day, was, state, users in moved],
    }
    if asked.opened:
        day, state = asked.opened
        rows = engine.rows("select user_no from user_states where local_no = $day and state = $state", day=day, state=state)
        found["opened"] = stream.opened(user_no for (user_no,) in rows.values)
    return found


def _states(stream: Stream) -> dict[str, list[list[str]]] | None:
    users = stream.engine.rows("select count(distinct user_no) as users from user_states").scalar()
    if users > MOST_USERS_TOLD:
        return None
    by_user: dict[int, list[list[str]]] = defaultdict(list)
    for user_no, day, state in stream.engine.rows(
        "select user_no, local_no, state from user_states order by user_no, local_no nulls last"
    ).values:
        by_user[user_no].append([_day(day), state])
    return dict(zip(stream.user_ids(list(by_user)), by_user.values(), strict=True))


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).date().isoformat()


KIND = Kind(
    "daily_states",
    "In which of the seven states is every user on each day?",
    keys=(
        kind.ACTIVITY,
        Key("near_days", "length of the near window: it looks back over this many days less one", "7"),
        Key("far_days", "length of the far window", "30"),
        Key("max_dormant_days", "days after the last event for which a state is told", str(DORMANT_DAYS)),
        kind.DATE_FROM,
        kind.DATE_TO,
        kind.TZ,
        Key("open", "`{date, state}`: the users in that state on that day", "nothing is opened"),
    ),
    tells=(
        Key("states", f"user → pairs of day and state; null for more than {MOST_USERS_TOLD:,} users"),
        Key("totals", "day → state → users"),
        Key("transitions", "[day, state of the day before, state, users]"),
        kind.OPENED,
    ),
    read=read,
    answer=answer,
)
