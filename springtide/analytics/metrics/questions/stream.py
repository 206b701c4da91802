"""One stream of events for every question, over the lake or over events that a person brought.

`Stream.define` gives a kind a view with exactly what it asks: who, when, in which order, which of its matchers an event meets, and
the properties that it names as plain columns. Where the events come from is the source's part: `brought.py` or `facts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine
from springtide.analytics.engine.duck import literal
from springtide.analytics.metrics.questions.calendar import OFFSETS, Calendar, micros, offsets
from springtide.analytics.metrics.questions.form import EVERYTHING, Matcher, Prop, Span, Where

NEVER_US = 2**62
SHORTEST = timedelta(microseconds=1)


@dataclass(frozen=True)
class Wanted:
    """What a source must give: events of these names (null: all), these properties as texts and as numbers, and the order or not."""

    events: frozenset[str] | None
    texts: tuple[Prop, ...] = ()
    numbers: tuple[Prop, ...] = ()
    in_order: bool = False
    first_us: int = -NEVER_US
    until_us: int = NEVER_US


class Source(Protocol):
    """Where events come from."""

    def attach(self, engine: Engine, wanted: Wanted) -> str:
        """Attach what is needed and give the query of it: user_no, at_us, event_no, event, text_1 …, number_1 …."""

    def attach_days(self, engine: Engine, events: frozenset[str] | None, zone: ZoneInfo) -> str | None:
        """The query of who had which event on which day of the zone: user_no, at_us (the local day's beginning), event_no, event.

        Null where only the events themselves can tell.
        """

    def attach_created(self, engine: Engine) -> str:
        """The query of when profiles were made: user_no, at_us."""

    def bounds_us(self, engine: Engine) -> tuple[int, int]:
        """Instants between which all events lie, both included."""

    def extent(self, engine: Engine, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The local times from which and up to which anything is known: what a question without dates asks of."""

    def user_ids(self, engine: Engine, user_nos: Sequence[int]) -> list[str]:
        """The ids of these users, in this order."""

    def places(self, prop: Prop) -> int:
        """By how many places a sum of the property must be moved down: money of the lake is whole numbers of 1e-6."""

    def for_everyone(self) -> Source:
        """The same, with the users who are outside user metrics."""


@dataclass(frozen=True)
class Stream:
    """The events of a source in an engine; `zone` is that of a question which names none."""

    engine: Engine
    source: Source
    zone: ZoneInfo

    def for_everyone(self) -> Stream:
        return replace(self, source=self.source.for_everyone())

    def define(
        self,
        name: str,
        marks: Mapping[str, Matcher] | None = None,
        *,
        texts: Mapping[str, Prop] | None = None,
        numbers: Mapping[str, Prop] | None = None,
        every: bool = False,
        in_order: bool = False,
        span: Span = EVERYTHING,
        calendar: Calendar | None = None,
        made: bool = False,
        at_day_grain: bool = False,
    ) -> None:
        """The view `name` (with `made` a table) of the events that meet one of the marks, or of `every` event, inside the span.

        columns    user_no, at_us (microseconds since 1970, UTC), event_no (tells events of a user apart and orders equal times; only
                   `in_order` promises that), event, a boolean for every mark, a text for every one of `texts` (null where nothing is
                   set), a decimal(38, 12) for every one of `numbers` (null where it is no number), and with a `calendar` local_no, the
                   local hour (for hours) or day since 1970.

        `at_day_grain` says that it is enough to know on which days there was an event: then what the close has derived may stand for
        the events, with one row a user, name and day, and at_us the local day's beginning.
        """
        marks, texts, numbers = marks or {}, texts or {}, numbers or {}
        conditions = [where for matcher in marks.values() for where in matcher.where]
        named = tuple(dict.fromkeys([*texts.values(), *(where.prop for where in conditions)]))
        # A span is local; without a calendar it is read in the stream's own zone.
        clock = calendar or Calendar(self.zone)
        first_us = clock.in_zone(span.since) if span.since else -NEVER_US
        until_us = clock.in_zone(span.until) if span.until else NEVER_US
        wanted = Wanted(
            None if every else _names(marks.values()),
            named,
            tuple(dict.fromkeys(numbers.values())),
            in_order,
            first_us,
            until_us,
        )
        days = None
        if at_day_grain and calendar and calendar.grain != "hour" and not named and not numbers and _is_of_whole_days(span):
            days = self.source.attach_days(self.engine, wanted.events, calendar.zone)
        facts = days or self.source.attach(self.engine, wanted)
        columns = [
            "user_no", "at_us", "event_no", "event",
            *(f"{met(matcher, lambda prop: f'text_{named.index(prop) + 1}')} as {mark}" for mark, matcher in marks.items()),
            *(f"text_{named.index(prop) + 1} as {column}" for column, prop in texts.items()),
            *(f"number_{wanted.numbers.index(prop) + 1} as {column}" for column, prop in numbers.items()),
        ]  # fmt: skip
        ends = [(">=", span.since, first_us), ("<", span.until, until_us)]
        kept = [f"at_us {compared} {micros(end) if days else at_us}" for compared, end, at_us in ends if end]
        inside = f" where {' and '.join(kept)}" if kept else ""
        tables = [("facts", facts), ("marked", f"select {', '.join(columns)} from facts{inside}")]
        plain = ["user_no", "at_us", "event_no", "event", *marks, *texts, *numbers]
        # The source gives no other names than those of the marks: without conditions every event meets one.
        met_any = f" where {' or '.join(marks)}" if conditions and not every else ""
        if calendar is None:
            last = f"select {', '.join(plain)} from marked{met_any}"
        elif days:
            last = f"select {', '.join(plain)}, {_local(0, calendar)} as local_no from marked{met_any}"
        else:
            last = self._localised(name, plain, calendar, met_any, (first_us, until_us))
        sql = f"with {', '.join(f'{one} as ({text})' for one, text in tables)} {last}"
        if made:
            self.engine.make(name, sql)
        else:
            self.engine.define(name, sql)

    def define_created(self, name: str, calendar: Calendar) -> None:
        """The view `name` of when users' profiles were made: user_no, local_no (null where it is not known)."""
        tables = [("marked", self.source.attach_created(self.engine))]
        last = self._localised(name, ["user_no"], calendar, "", (0, NEVER_US), since_us=0)
        self.engine.define(name, f"with {', '.join(f'{one} as ({text})' for one, text in tables)} {last}")

    def _localised(
        self,
        name: str,
        plain: list[str],
        calendar: Calendar,
        met_any: str,
        span_us: tuple[int, int],
        *,
        since_us: int | None = None,
    ) -> str:
        """With the local hour or day: the offset is a number where the clock does not change, else a small table joined by range."""
        low, high = self.source.bounds_us(self.engine)
        low, high = max(low, span_us[0]) if since_us is None else since_us, min(high, span_us[1] - 1)
        changes = offsets(calendar.zone, low, max(low, high))
        if len(changes) == 1:
            return f"select {', '.join(plain)}, {_local(changes[0][2], calendar)} as local_no from marked{met_any}"
        self.engine.table(f"{name}_offsets", OFFSETS, changes)
        return (
            f"select {', '.join(f'm.{column}' for column in plain)}, {_local('o.offset_us', calendar, 'm.')} as local_no from marked as m"
            f" inner join {name}_offsets as o on m.at_us >= o.from_us and m.at_us < o.until_us{met_any}"
        )

    def extent(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        return self.source.extent(self.engine, zone)

    def range(self, span: Span, calendar: Calendar) -> tuple[datetime, datetime]:
        """The span with its open ends at the ends of what is known."""
        if span.since and span.until:
            return span.since, span.until
        first, last = self.extent(calendar.zone)
        since, until = span.since or first, span.until or last
        return since, max(until, since + SHORTEST)

    def user_ids(self, user_nos: Sequence[int]) -> list[str]:
        return self.source.user_ids(self.engine, user_nos)

    def opened(self, user_nos: Iterable[int]) -> dict[str, list[str] | list[int]]:
        """The users of a cell, by number: `{users, user_nos}`."""
        numbers = sorted(user_nos)
        return {"users": self.user_ids(numbers), "user_nos": numbers}


def _local(offset: int | str, calendar: Calendar, of: str = "") -> str:
    """The local hour or day since 1970."""
    return f"cast(floor(cast({of}at_us + {offset} as double) / {calendar.unit_us}e0) as bigint)"


def _is_of_whole_days(span: Span) -> bool:
    return all(end is None or end.time() == time() for end in (span.since, span.until))


def _names(matchers: Iterable[Matcher]) -> frozenset[str] | None:
    """The names that any of the matchers takes; null where one takes any."""
    names: set[str] = set()
    for matcher in matchers:
        if matcher.events is None:
            return None
        names.update(matcher.events)
    return frozenset(names)


def met(matcher: Matcher, column_of: Callable[[Prop], str]) -> str:
    """The SQL condition of a matcher over `event` and the columns of properties; never null."""
    conditions = [] if matcher.events is None else [f"event in ({', '.join(map(literal, matcher.events))})"]
    conditions += [_condition(where, column_of(where.prop)) for where in matcher.where]
    return f"({' and '.join(conditions)})" if conditions else "true"


def _condition(where: Where, column: str) -> str:
    values = ", ".join(map(literal, where.values))
    match where.op:
        case "is_set":
            return f"{column} is null" if where.values else f"{column} is not null"
        case "neq":
            return f"coalesce({column} <> {values}, true)"
        case "contains":
            return f"coalesce(contains({column}, {values}), false)"
    return f"coalesce({column} in ({values}), false)"
