"""Sessions: a user's events up to a silence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.form import Form, Key, Span
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, TZ, Kind
from springtide.analytics.metrics.questions.stream import Stream

GAP_MINUTES = 30
MOST_MINUTES = 525_600
MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Sessions:
    gap_minutes: int
    span: Span
    zone: ZoneInfo


def read(form: Form, stream: Stream) -> Sessions:
    gap = form.whole("gap_minutes", GAP_MINUTES, least=1, most=MOST_MINUTES)
    return Sessions(gap, form.span(), form.zone(stream.zone))


def answer(asked: Sessions, stream: Stream) -> dict[str, Any]:
    replace(stream, zone=asked.zone).define("moments", every=True, in_order=True, span=asked.span)
    rows = stream.engine.rows(definition(__package__, "sessions").text, gap_us=asked.gap_minutes * MINUTE_US).values
    numbers: dict[int, list[int]] = defaultdict(list)
    for user_no, _, session_no in rows:
        numbers[user_no].append(session_no)
    return {"session_index": dict(zip(stream.user_ids(list(numbers)), numbers.values(), strict=True))}


KIND = Kind(
    name="sessions",
    asks="In which of a user's sessions does each event fall?",
    keys=(
        Key("gap_minutes", "a longer silence than this ends a session, an equal one does not", f"{GAP_MINUTES}"),
        DATE_FROM,
        DATE_TO,
        TZ,
    ),
    tells=(Key("session_index", "user → for each event, in order, the number of its session, from 1"),),
    read=read,
    answer=answer,
)
