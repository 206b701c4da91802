"""The highest step that each user reaches within a window: the funnel as a number for every user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from springtide.analytics.metrics.questions.attempts import Shape, attempts_tables, with_tables
from springtide.analytics.metrics.questions.form import Form, Key, Matcher, Span
from springtide.analytics.metrics.questions.funnel_form import LONGEST_SECONDS, MOST_STEPS, read_opened, read_step, read_steps
from springtide.analytics.metrics.questions.funnel_pass import overlaps
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, OPENED, TZ, Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

Mode = Literal["strict_once", "strict_increase"]


@dataclass(frozen=True)
class FunnelLevel:
    steps: tuple[Matcher, ...]
    window_us: int
    modes: tuple[Mode, ...]
    span: Span
    zone: ZoneInfo
    opened: int | None


def read(form: Form, stream: Stream) -> FunnelLevel:
    """refuses    bad_list, bad_step, bad_number, unknown_choice    what is no list of steps, no length of time, no mode"""
    steps, windows = read_steps(form)
    if any(window is not None for window in windows):
        raise BadInput("A level has one window, from the first step.", "Leave out the windows of steps.", code="window_of_step")
    seconds = form.number("window_seconds")
    if seconds is None or not 0 < seconds <= LONGEST_SECONDS:
        raise BadInput(
            f"'window_seconds' is {seconds}.", "Give a number of seconds over 0, of at most 100 years.", code="bad_window"
        )
    opened = None
    if inner := read_opened(form):
        opened = read_step(inner, "step", 1, least=1, most=len(steps))
        inner.end()
    modes: tuple[Mode, ...] = form.choices("modes", get_args(Mode))
    return FunnelLevel(steps, round(seconds * 1_000_000), modes, form.span(), form.zone(stream.zone), opened)


def answer(asked: FunnelLevel, stream: Stream) -> dict[str, Any]:
    """Users who never did the first step are at 0."""
    shape = Shape(
        len(asked.steps),
        window_us=asked.window_us,
        overlaps=overlaps(asked.steps),
        is_apart="strict_increase" in asked.modes,
        is_shared="strict_once" not in asked.modes,
    )
    marks = {f"is_{number}": step for number, step in enumerate(asked.steps, 1)}
    here = replace(stream, zone=asked.zone)
    here.define("funnel_events", marks, in_order=shape.has_places, span=asked.span)
    here.define("funnel_everybody", every=True, span=asked.span)
    marked = f"select user_no, at_us, event_no, {', '.join(marks)} from funnel_events"
    tables = attempts_tables(marked, shape, stream.engine.walk)
    tables.append(("highest", "select user_no, max(reached) as highest from attempts group by user_no"))
    tables.append(("everybody", "select distinct user_no from funnel_everybody"))
    levels = (
        "select e.user_no, coalesce(h.highest, 0) as level"
        " from everybody as e left join highest as h on e.user_no = h.user_no order by e.user_no"
    )
    rows = stream.engine.rows(with_tables(tables, levels), **shape.params).values
    ids = stream.user_ids([user_no for user_no, _ in rows])
    told: dict[str, Any] = {"levels": {user: level for user, (_, level) in zip(ids, rows, strict=True)}}
    if asked.opened is not None:
        told["opened"] = stream.opened(user_no for user_no, level in rows if level >= asked.opened)
    return told


KIND = Kind(
    name="funnel_level",
    asks="What is the highest step that each user reaches?",
    keys=(
        Key("steps", f"1 to {MOST_STEPS} matchers"),
        Key("window_seconds", "seconds from the first step, inclusive"),
        Key(
            "modes",
            "`strict_once`: one event fills one step; `strict_increase`: each step comes later than the one before, not only no earlier",
            "none: equal times count, one event may fill two steps",
        ),
        DATE_FROM,
        DATE_TO,
        TZ,
        Key("open", "`{step}`: the users who reached it", "nothing is opened"),
    ),
    tells=(Key("levels", "user → the highest step, counted from 1; 0 without the first"), OPENED),
    read=read,
    answer=answer,
)
