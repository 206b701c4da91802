"""How many conversions there are for each base event, every conversion credited to the latest base event before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import EPOCH, Calendar
from springtide.analytics.metrics.questions.form import Form, Key, Matcher, Prop, Span
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import UnknownName, suggest

ALL = "all"
CELLS = ("base", "credited")
OF = "\x1f"  # between a key and the user whose it is
FOR_EVER_DAYS = 1_000_000


@dataclass(frozen=True)
class ConversionRate:
    """`by`: null for all together, else "day" or a property of the base event."""

    base: Matcher
    conversion: Matcher
    by: Prop | str | None
    window_days: int
    calendar: Calendar
    span: Span
    opened: tuple[str, str] | None  # key, cell


def read(form: Form, stream: Stream) -> ConversionRate:
    return ConversionRate(
        form.matcher("base"),
        form.matcher("conversion"),
        _by(form),
        form.whole("window_days", FOR_EVER_DAYS, least=1, most=FOR_EVER_DAYS),
        Calendar(form.zone(stream.zone)),
        form.span(),
        _opened(form),
    )


def _opened(form: Form) -> tuple[str, str] | None:
    inner = form.form("open")
    if inner is None:
        return None
    key, cell = inner.text("key", ALL) or "", inner.choice("cell", CELLS, "base")
    inner.end()
    return key, cell


def _by(form: Form) -> Prop | str | None:
    seen = form.take("by", "all")
    if isinstance(seen, dict):
        inner = Form(seen, at="'by'")
        prop = inner.prop()
        inner.end()
        return prop
    if isinstance(seen, str) and seen.startswith("prop:") and len(seen) > 5:
        return Prop(seen[5:])
    if seen not in ("all", "day"):
        raise UnknownName(f"'by' is {seen!r}.", "It can be all, day or prop:NAME.", code="unknown_choice")
    return None if seen == "all" else "day"


def answer(asked: ConversionRate, stream: Stream) -> dict[str, Any]:
    texts = {"value": asked.by} if isinstance(asked.by, Prop) else {}
    stream.define(
        "base_and_conversions",
        {"is_base": asked.base, "is_conversion": asked.conversion},
        texts=texts,
        in_order=True,
        span=asked.span,
        calendar=asked.calendar,
    )
    # What the rates are told by, as one text a base event.
    key = "cast(local_no as varchar)" if asked.by == "day" else "coalesce(value, '')" if texts else f"'{ALL}'"
    rates = {_label(asked, key): credited / base for key, base, credited in _told(asked, stream, key)}
    rate = _every_day(asked, rates) if asked.by == "day" else rates if asked.by else {ALL: rates.get(ALL)}
    found: dict[str, Any] = {"rate": rate}
    if asked.opened:
        found["opened"] = stream.opened(_users(asked, stream, key, *asked.opened))
    return found


def _told(asked: ConversionRate, stream: Stream, key: str) -> list[tuple[str, int, int]]:
    """Base events and credited conversions, by `key` of the base event."""
    columns = "user_no, at_us, event_no, local_no, is_base, is_conversion"
    stream.engine.define("keyed_events", f"select {columns}, {key} as base_key from base_and_conversions")
    return stream.engine.rows(definition(__package__, "conversion_rate").text, window_days=asked.window_days).values


def _users(asked: ConversionRate, stream: Stream, key: str, wanted: str, cell: str) -> list[int]:
    """The same, with every user's base events by themselves.

    refuses    unknown_group    no base event has this key
    """
    by_user = [
        (*told.rpartition(OF)[::2], credited)
        for told, _, credited in _told(asked, stream, f"concat({key}, '{OF}', cast(user_no as varchar))")
    ]
    known = {_label(asked, key) for key, _, _ in by_user}
    if wanted not in known:
        raise UnknownName(f"There is no base event of '{wanted}'.", suggest(wanted, known), code="unknown_group")
    return [int(user) for key, user, credited in by_user if _label(asked, key) == wanted and (cell == "base" or credited)]


def _label(asked: ConversionRate, key: str) -> str:
    return _day(int(key)) if asked.by == "day" else key


def _every_day(asked: ConversionRate, rates: dict[str, float]) -> dict[str, float | None]:
    """Every day of the range; without a range, every day with a base event."""
    if not (asked.span.since and asked.span.until):
        return dict(sorted(rates.items()))
    starts: list[datetime] = asked.calendar.between(asked.span.since, asked.span.until)
    return {label: rates.get(label) for label in map(asked.calendar.label, starts)}


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).date().isoformat()


KIND = Kind(
    "conversion_rate",
    "How many conversions come of each base event?",
    keys=(
        Key("base", "matcher of base events"),
        Key("conversion", "matcher of conversions"),
        Key("by", "`all`, `day` (of the base event) or `prop:NAME` (of the base event)", "`all`"),
        Key("window_days", "the base event lies on the conversion's day or fewer than this many days before it", "any time"),
        kind.DATE_FROM,
        kind.DATE_TO,
        kind.TZ,
        Key(
            "open",
            "`{key, cell}`: the users with a `base` event of that key, or with conversions `credited` to one",
            "nothing is opened",
        ),
    ),
    tells=(Key("rate", "key → credited conversions ÷ base events; null where there is no base event"), kind.OPENED),
    read=read,
    answer=answer,
)
