"""Paths: from token to token within sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.form import ANYTHING, Form, Key, Matcher, Prop, Span
from springtide.analytics.metrics.questions.funnel_form import read_opened
from springtide.analytics.metrics.questions.kind import ACTIVITY, DATE_FROM, DATE_TO, OPENED, TZ, Kind
from springtide.analytics.metrics.questions.sessions import GAP_MINUTES, MINUTE_US, MOST_MINUTES
from springtide.analytics.metrics.questions.stream import Stream
from springtide.analytics.metrics.questions.walks import read_token
from springtide.kernel.errors import BadInput

MAX_STEPS = 5
MOST_STEPS = 20
END = "\N{START OF HEADING}"  # in no token: it marks where one ends, so that the last character can be told


@dataclass(frozen=True)
class Edge:
    """A cell: from the token of one step to that of the next."""

    step: int
    from_token: str
    to_token: str


@dataclass(frozen=True)
class Paths:
    activity: Matcher
    token: Prop | None  # null: the name of the event
    gap_minutes: int
    max_steps: int
    start: str
    strips_slash: bool
    span: Span
    zone: ZoneInfo
    opened: Edge | None


def read(form: Form, stream: Stream) -> Paths:
    """refuses    bad_token, bad_number, bad_edge    what is no token, no length, no pair of neighbours"""
    opened = None
    if inner := read_opened(form):
        opened = _edge(str(inner.need("from")), str(inner.need("to")))
        inner.end()
    return Paths(
        form.matcher("activity", ANYTHING),
        read_token(form, "token", "event"),
        form.whole("session_gap_minutes", GAP_MINUTES, least=1, most=MOST_MINUTES),
        form.whole("max_steps", MAX_STEPS, least=2, most=MOST_STEPS),
        form.text("start") or "",
        form.flag("strip_trailing_slash"),
        form.span(),
        form.zone(stream.zone),
        opened,
    )


def _edge(start: str, end: str) -> Edge:
    (first, _, from_token), (second, _, to_token) = start.partition("_"), end.partition("_")
    if not (first.isdecimal() and second.isdecimal() and int(second) == int(first) + 1):
        raise BadInput(f"From '{start}' to '{end}' is no step.", "Write it as the answer does: 1_a and 2_b.", code="bad_edge")
    return Edge(int(second), from_token, to_token)


def answer(asked: Paths, stream: Stream) -> dict[str, Any]:
    engine = stream.engine
    texts = {"text": asked.token} if asked.token else {}
    marks = {"is_activity": asked.activity}
    replace(stream, zone=asked.zone).define("path_events", marks, texts=texts, in_order=True, span=asked.span)
    text = "text" if asked.token else "event"
    stripped = f"replace(replace({text} || '{END}', '/{END}', ''), '{END}', '')"
    token = f"case when length({text}) > 1 then {stripped} else {text} end" if asked.strips_slash else text
    tokens = f"select user_no, at_us, event_no, {token} as token from path_events where coalesce({text}, '') <> ''"
    engine.define("tokens", tokens)
    engine.make(
        "path_steps",
        definition(__package__, "paths").text,
        gap_us=asked.gap_minutes * MINUTE_US,
        max_steps=asked.max_steps,
        start=asked.start,
    )
    edges = engine.rows(definition(__package__, "path_edges").text).dicts()
    told: dict[str, Any] = {
        "edges": [[*_names(edge), edge["sessions"]] for edge in edges],
        "avg_seconds": [[*_names(edge), int(edge["total_us"]) / edge["sessions"] / 1e6] for edge in edges],
    }
    if asked.opened:
        users = engine.rows(
            "select distinct user_no from path_steps"
            " where step_no = $step and from_token = $from_token and token = $to_token order by user_no",
            step=asked.opened.step,
            from_token=asked.opened.from_token,
            to_token=asked.opened.to_token,
        )
        told["opened"] = stream.opened(user_no for (user_no,) in users.values)
    return told


def _names(edge: dict[str, Any]) -> tuple[str, str]:
    return f"{edge['step_no'] - 1}_{edge['from_token']}", f"{edge['step_no']}_{edge['token']}"


KIND = Kind(
    name="paths",
    asks="Which ways do users take through events or pages, session by session?",
    keys=(
        ACTIVITY,
        Key("token", "what a step is called: `event`, or `prop:NAME`; events without it are left out", "`event`"),
        Key("session_gap_minutes", "a silence of this length or longer ends a session", f"{GAP_MINUTES}"),
        Key("max_steps", f"tokens of a path, 2 to {MOST_STEPS}", f"{MAX_STEPS}"),
        Key("start", "paths begin at the first such token of a session; sessions without it are left out", "the first token"),
        Key("strip_trailing_slash", "take `/x/` for `/x`", "false"),
        DATE_FROM,
        DATE_TO,
        TZ,
        Key("open", "`{from, to}` as the edges name them: the users who went that way", "nothing is opened"),
    ),
    tells=(
        Key("edges", "`[[from, to, sessions]]`: from `k_token` to `k+1_token`, by step, the most frequent first"),
        Key("avg_seconds", "`[[from, to, seconds]]`: mean time from the one to the other"),
        OPENED,
    ),
    read=read,
    answer=answer,
)
