"""How long users take from one step of a funnel to another: seconds by user, their mean, and how they are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.metrics.questions.form import Form, Key, Span
from springtide.analytics.metrics.questions.funnel_form import FUNNEL_KEYS, Funnel, read_between, read_funnel, read_opened
from springtide.analytics.metrics.questions.funnel_pass import count_attempts
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, OPENED, TZ, Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

MOST_BINS = 1000
MOST_BINS_UNASKED = 60


@dataclass(frozen=True)
class TimeToConvert:
    funnel: Funnel
    span: Span
    zone: ZoneInfo
    from_step: int
    to_step: int
    bin_count: int | None
    opened: int | None  # the first second of a bin


def read(form: Form, stream: Stream) -> TimeToConvert:
    """refuses    what a funnel refuses, totals and breakdowns, and steps that are none of its own or in no order"""
    funnel = read_funnel(form, counts=("users",), splits=False)
    from_step, to_step = read_between(form, len(funnel.steps))
    bins = form.whole("bin_count", least=1, most=MOST_BINS) if form.has("bin_count") else form.take("bin_count")
    opened = None
    if inner := read_opened(form):
        opened = inner.whole("from_second", least=0, most=2**53)
        inner.end()
    return TimeToConvert(funnel, form.span(), form.zone(stream.zone), from_step, to_step, bins, opened)


def answer(asked: TimeToConvert, stream: Stream) -> dict[str, Any]:
    count_attempts(replace(stream, zone=asked.zone), asked.funnel, asked.span)
    span = f"step_{asked.to_step}_us - step_{asked.from_step}_us"
    rows = stream.engine.rows(
        f"select user_no, {span} as span_us from funnel_counted where reached >= {asked.to_step} order by user_no"
    ).values
    ids = stream.user_ids([user_no for user_no, _ in rows])
    spans = [span_us for _, span_us in rows]
    bins = spread(spans, asked.bin_count)
    told: dict[str, Any] = {
        "seconds": {user: span_us / 1e6 for user, span_us in zip(ids, spans, strict=True)},
        "average": sum(spans) / len(spans) / 1e6 if spans else None,
        "bins": [[first, len(held)] for first, held in bins],
    }
    if asked.opened is not None:
        found = [held for first, held in bins if first == asked.opened]
        if not found:
            firsts = ", ".join(str(first) for first, _ in bins)
            raise BadInput(f"No bin begins at second {asked.opened}.", f"They begin at {firsts}.", code="unknown_bin")
        told["opened"] = stream.opened(rows[place][0] for place in found[0])
    return told


def spread(spans_us: Sequence[int], bin_count: int | None) -> list[tuple[int, list[int]]]:
    """Bins of equal whole seconds, from the shortest on: first second, and the places in `spans_us` of those it holds.

    When nobody says how many, as many as the cube root of the users; the last bin takes in its far edge.
    """
    if not spans_us:
        return []
    count = bin_count or min(MOST_BINS_UNASKED, _cube_root(len(spans_us)))
    first = min(spans_us) // 1_000_000
    last = -(-max(spans_us) // 1_000_000)
    width = max(1, math.ceil((last - first) / count))
    held: list[list[int]] = [[] for _ in range(count)]
    for place, span_us in enumerate(spans_us):
        held[min(count - 1, (span_us - first * 1_000_000) // (width * 1_000_000))].append(place)
    return [(first + number * width, one) for number, one in enumerate(held)]


def _cube_root(number: int) -> int:
    """The least whole number whose cube is no smaller."""
    return next(root for root in range(1, number + 1) if root**3 >= number)


KIND = Kind(
    name="time_to_convert",
    asks="How long do users take from one step to another?",
    keys=(
        *(key for key in FUNNEL_KEYS if key.name not in ("count", "breakdown")),
        Key("from_step", "the step from which time is taken, counted from 1", "1"),
        Key("to_step", "the step to which it is taken", "the last"),
        Key("bin_count", f"number of bins, 1 to {MOST_BINS}", "the cube root of the users, at most 60"),
        DATE_FROM,
        DATE_TO,
        TZ,
        Key("open", "`{from_second}`: the users of the bin that begins there", "nothing is opened"),
    ),
    tells=(
        Key("seconds", "user → seconds, of those who came to `to_step`"),
        Key("average", "their mean; null when there is nobody"),
        Key("bins", "`[[first second, users]]`, of equal width; the last takes in its far edge"),
        OPENED,
    ),
    read=read,
    answer=answer,
)
