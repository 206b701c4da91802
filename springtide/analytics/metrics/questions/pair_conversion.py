"""Whether one event follows another, soon and close enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.form import Form, Key, Matcher, Span
from springtide.analytics.metrics.questions.funnel_form import LONGEST_SECONDS, read_opened
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, OPENED, TZ, Kind
from springtide.analytics.metrics.questions.stream import NEVER_US, Stream
from springtide.kernel.errors import BadInput

Occurrence = Literal["first", "last"]
Cell = Literal["started", "converted"]


@dataclass(frozen=True)
class PairConversion:
    start: Matcher
    end: Matcher
    occurrence: Occurrence
    within_us: int
    within_events: int
    span: Span
    zone: ZoneInfo
    opened: Cell | None


def read(form: Form, stream: Stream) -> PairConversion:
    """refuses    bad_window, bad_number    a limit that leaves nothing"""
    start, end = form.matcher("start"), form.matcher("end")
    occurrence: Occurrence = form.choice("occurrence", ("first", "last"), "first")
    seconds = form.number("within_seconds")
    if seconds is not None and not 0 < seconds <= LONGEST_SECONDS:
        raise BadInput(f"'within_seconds' is {seconds}.", "Give a number over 0, of at most 100 years.", code="bad_window")
    within_us = NEVER_US if seconds is None else round(seconds * 1_000_000)
    within_events = form.whole("within_events", NEVER_US, least=1, most=NEVER_US)
    opened: Cell | None = None
    if inner := read_opened(form):
        opened = inner.choice("cell", get_args(Cell), "converted")
        inner.end()
    return PairConversion(start, end, occurrence, within_us, within_events, form.span(), form.zone(stream.zone), opened)


def answer(asked: PairConversion, stream: Stream) -> dict[str, Any]:
    marks = {"is_start": asked.start, "is_end": asked.end}
    replace(stream, zone=asked.zone).define("pairs", marks, every=True, in_order=True, span=asked.span)
    rows = stream.engine.rows(
        definition(__package__, "pair_conversion").text,
        is_last=asked.occurrence == "last",
        within_us=asked.within_us,
        within_events=asked.within_events,
    ).values
    converted = [user_no for user_no, is_converted in rows if is_converted]
    told: dict[str, Any] = {
        "started": len(rows),
        "converted": len(converted),
        "base_rate": len(converted) / len(rows) if rows else None,
    }
    if asked.opened:
        told["opened"] = stream.opened(converted if asked.opened == "converted" else [user_no for user_no, _ in rows])
    return told


KIND = Kind(
    name="pair_conversion",
    asks="Of those with the one event, how many have the other after it?",
    keys=(
        Key("start", "matcher of the event to begin with"),
        Key("end", "matcher of the event that must follow"),
        Key("occurrence", "`first` or `last`: the start event that counts", "`first`"),
        Key("within_seconds", "the end comes at most so much later", "any time"),
        Key("within_events", "the end is among so many next events of the user", "any number"),
        DATE_FROM,
        DATE_TO,
        TZ,
        Key("open", "`{cell}`: the users who `started` or `converted`", "nothing is opened"),
    ),
    tells=(
        Key("started", "users with a start event"),
        Key("converted", "of them, those whose end event follows"),
        Key("base_rate", "the one divided by the other; null when nobody started"),
        OPENED,
    ),
    read=read,
    answer=answer,
)
