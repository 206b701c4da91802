"""Of those who start in a period, how many come back in the periods after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from springtide.analytics.engine import Column, Schema, definition
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import MOST_PERIODS, PERIODS, Calendar, Grain
from springtide.analytics.metrics.questions.form import Breakdown, Form, Key, Matcher, empty_range
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.masks import from_masks
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

Counting = Literal["on", "on_or_after"]
CohortRule = Literal["every_period", "first_match"]
Windows = Literal["calendar", "rolling"]

MOST_INTERVALS = 400
OTHER = "$other"
EVERYBODY = "$all"
ELAPSED: dict[Grain, timedelta] = {
    "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30),
}  # fmt: skip

COLUMNS: Schema = (
    Column("column_no", "integer", False, "place in the answer, from 1; column 0 is the cohort itself"),
    Column("from_offset", "integer", False, "first period after the cohort that it counts"),
    Column("to_offset", "integer", False, "the last one"),
)


@dataclass(frozen=True)
class Cell:
    """A cell to be opened: the cohort's place, the column, and the group (null: of everybody)."""

    cohort: int
    column: int
    group: str | None


@dataclass(frozen=True)
class Retention:
    """A question of retention. `columns`: the periods after the cohort that each column counts, from the first to the last."""

    start: Matcher
    back: Matcher
    calendar: Calendar
    cohorts: tuple[datetime, ...]
    columns: tuple[tuple[int, int], ...]
    counting: Counting = "on"
    cohort_rule: CohortRule = "every_period"
    windows: Windows = "calendar"
    is_observed_beyond: bool = True
    min_return_count: int = 1
    observed_until: datetime | None = None
    breakdown: Breakdown | None = None
    opened: Cell | None = None

    @property
    def is_of_days(self) -> bool:
        """It is enough to know who was there on which day."""
        return self.windows == "calendar" and self.min_return_count == 1 and self.breakdown is None

    @property
    def last_offset(self) -> int:
        return max((last for _, last in self.columns), default=0)


def read(form: Form, stream: Stream) -> Retention:
    calendar = form.calendar(reporting_zone=stream.zone)
    first, last = _cohort_range(form, stream, calendar)
    cohorts = tuple(calendar.between(first, last))
    columns = _columns(form, len(cohorts))
    breakdown = form.breakdown()
    return Retention(
        form.matcher("start"),
        form.matcher("return"),
        calendar,
        cohorts,
        columns,
        form.choice("counting", ("on", "on_or_after"), "on"),
        form.choice("cohort_rule", ("every_period", "first_match"), "every_period"),
        form.choice("windows", ("calendar", "rolling"), "calendar"),
        form.flag("observe_beyond_last_cohort", True),
        form.whole("min_return_count", 1, least=1, most=1_000_000),
        form.moment("observed_to", is_end=True),
        breakdown,
        _opened(form, calendar, cohorts, columns, breakdown),
    )


def _cohort_range(form: Form, stream: Stream, calendar: Calendar) -> tuple[datetime, datetime]:
    first, last = form.moment("cohort_from"), form.moment("cohort_to", is_end=True)
    if first is None or last is None:
        known_first, known_last = stream.extent(calendar.zone)
        first, last = first or known_first, last or known_last
    if last <= first:
        raise empty_range(form.take("cohort_from", first), form.take("cohort_to", last))
    return first, last


def _columns(form: Form, cohorts: int) -> tuple[tuple[int, int], ...]:
    """The columns after the first: one a period, or one a bracket."""
    brackets = form.list("brackets")
    intervals = form.whole("intervals", min(cohorts, MOST_INTERVALS), least=1, most=MOST_INTERVALS)
    if not brackets:
        return tuple((offset, offset) for offset in range(1, intervals))
    for bracket in brackets:
        is_pair = isinstance(bracket, list | tuple) and len(bracket) == 2 and all(isinstance(one, int) for one in bracket)
        if not is_pair or not 1 <= bracket[0] <= bracket[1] <= MOST_INTERVALS:
            raise BadInput(
                f"'brackets' has {bracket!r}.",
                f"Give pairs of periods after the cohort, first and last, from 1 to {MOST_INTERVALS}.",
                code="bad_bracket",
            )
    return tuple((first, last) for first, last in brackets)


def _opened(
    form: Form,
    calendar: Calendar,
    cohorts: tuple[datetime, ...],
    columns: tuple[tuple[int, int], ...],
    breakdown: Breakdown | None,
) -> Cell | None:
    """`open {cohort, column, group}`: the cohort by its date."""
    inner = form.form("open")
    if inner is None:
        return None
    inner.need("cohort")
    moment = inner.moment("cohort")
    assert moment is not None
    start = calendar.start_of(moment)
    if start not in cohorts:
        raise BadInput(
            f"There is no cohort {inner.given['cohort']}.",
            f"They go from {calendar.label(cohorts[0])} to {calendar.label(cohorts[-1])}.",
            code="unknown_cohort",
        )
    column = inner.whole("column", 0, least=0, most=len(columns))
    group = inner.text("group")
    inner.end()
    if group is not None and breakdown is None:
        raise BadInput("There are no groups to open.", "Ask with a breakdown, or open without a group.", code="no_groups")
    return Cell(cohorts.index(start), column, group)


def answer(asked: Retention, stream: Stream) -> dict[str, Any]:
    rows: list[tuple[Any, ...]] | None = None
    if (told := from_masks(asked, stream)) is not None:
        rows = [(EVERYBODY, *cell) for cell in told]
    else:
        make_cells(asked, stream)
        rows = stream.engine.rows(definition(__package__, "retention_counts").text).values
    groups = _matrices(asked, rows)
    found: dict[str, Any] = {
        "cohorts": [asked.calendar.label(start) for start in asked.cohorts],
        "matrix": groups.pop(EVERYBODY, _nothing(asked)),
        "complete": complete(asked, stream),
    }
    if asked.breakdown:
        found["groups"] = groups
    if asked.opened:
        found["opened"] = stream.opened(_users(asked.opened, stream))
    return found


def make_cells(asked: Retention, stream: Stream) -> None:
    """Make `members` (user, cohort, when they started), `cells` (user, cohort, column) and `user_groups` (user, group)."""
    engine, calendar = stream.engine, asked.calendar
    prop = asked.breakdown.prop if asked.breakdown else None
    stream.define(
        "retention_events",
        {"is_start": asked.start, "is_return": asked.back},
        texts={"value": prop} if prop else {},
        in_order=prop is not None,
        calendar=calendar,
        made=True,
        at_day_grain=asked.is_of_days,
    )
    engine.table("asked_periods", PERIODS, calendar.rows(_periods(asked, stream)))
    engine.table("asked_columns", COLUMNS, [(number, *ends) for number, ends in enumerate(asked.columns, 1)])
    beyond = len(asked.cohorts) if not asked.is_observed_beyond else MOST_PERIODS * 2
    engine.make(
        "members",
        definition(__package__, "retention_members").text,
        cohorts=len(asked.cohorts),
        is_first_match=asked.cohort_rule == "first_match",
    )
    name = "retention_rolling" if asked.windows == "rolling" else "retention_calendar"
    length_us = ELAPSED[calendar.grain] // timedelta(microseconds=1)
    engine.make("returned", definition(__package__, name).text, beyond=beyond, length_us=length_us)
    engine.make(
        "cells",
        definition(__package__, f"retention_cells_{asked.counting}").text,
        least=asked.min_return_count,
    )
    groups = "retention_groups" if prop else "retention_ungrouped"
    limit = asked.breakdown.limit if asked.breakdown else 1
    engine.make("user_groups", definition(__package__, groups).text, limit=limit, other=OTHER)


def _periods(asked: Retention, stream: Stream) -> list[datetime]:
    """The periods that matter: from the first cohort to the last period that any column can count."""
    calendar, cohorts = asked.calendar, asked.cohorts
    last = calendar.after(cohorts[-1], max(asked.last_offset, 1) + 1)
    if asked.counting == "on_or_after" or asked.windows == "rolling":
        last = max(last, stream.extent(calendar.zone)[1])
    return calendar.between(cohorts[0], last)


def complete(asked: Retention, stream: Stream) -> list[list[bool]]:
    """Which cells have had their time: the last period of the column is over, for everybody in the cohort."""
    calendar, cohorts = asked.calendar, asked.cohorts
    known_until = asked.observed_until or stream.extent(calendar.zone)[1]
    if not asked.is_observed_beyond:
        known_until = min(known_until, calendar.after(cohorts[-1]))
    told = []
    for start in cohorts:
        ends = [calendar.after(start)]
        for _, last in asked.columns:
            if asked.windows == "rolling":
                ends.append(calendar.after(start) + ELAPSED[calendar.grain] * (last + 1))
            else:
                ends.append(calendar.after(start, last + 1))
        told.append([end <= known_until for end in ends])
    return told


def _nothing(asked: Retention) -> list[list[int]]:
    return [[0] * (len(asked.columns) + 1) for _ in asked.cohorts]


def _matrices(asked: Retention, rows: Iterable[tuple[Any, ...]]) -> dict[str, list[list[int]]]:
    """Matrices by group, the largest group first, `$other` last."""
    found: dict[str, list[list[int]]] = {EVERYBODY: _nothing(asked)}
    for group, cohort, column, users in rows:
        for name in (EVERYBODY, group) if asked.breakdown else (EVERYBODY,):
            found.setdefault(name, _nothing(asked))[cohort][column] += users
    return dict(sorted(found.items(), key=lambda one: (one[0] == OTHER, -sum(row[0] for row in one[1]), one[0])))


def _users(cell: Cell, stream: Stream) -> list[int]:
    told = stream.engine.rows(
        definition(__package__, "retention_users").text,
        cohort=cell.cohort,
        column=cell.column,
        group=cell.group if cell.group is not None else EVERYBODY,
        everybody=EVERYBODY,
    )
    return [user_no for (user_no,) in told.values]


KIND = Kind(
    "retention",
    "Of those who start in a period, how many come back in the periods after it?",
    keys=(
        Key("start", "matcher of the event that puts a user into a cohort"),
        Key("return", "matcher of the event that counts as coming back"),
        kind.PERIOD,
        Key("cohort_from", "first local day of the first cohort", "from the beginning"),
        Key("cohort_to", "last local day of the last cohort", "to the end"),
        Key("intervals", "columns, the first of which is the cohort itself", "as many as cohorts"),
        Key("counting", "`on`: in that period; `on_or_after`: in it or any later one", "`on`"),
        Key(
            "cohort_rule",
            "`every_period`: a user joins each cohort in which the start event occurs; `first_match`: only that of their first "
            "start event in all data",
            "`every_period`",
        ),
        Key(
            "windows",
            "`calendar` periods, or `rolling`: elapsed hours, days, 7 or 30 days from the user's start event",
            "`calendar`",
        ),
        Key("observe_beyond_last_cohort", "`false`: what comes after the last cohort's period is not looked at", "`true`"),
        Key("min_return_count", "return events in a period (a bracket) that it takes to have come back", "1"),
        Key(
            "observed_to",
            "last local day of which everything is known; cells that need a later one are not complete",
            "the last closed day, or the last event of a file",
        ),
        Key("brackets", "pairs of periods after the cohort, first and last: a column each, instead of `intervals`", "none"),
        Key("breakdown", f"{kind.BREAKDOWN.about}; the value at the user's first start event", "no split"),
        kind.TZ,
        kind.WEEK_START,
        Key("open", "`{cohort, column, group}`: the users of that cell", "nothing is opened"),
    ),
    tells=(
        Key("cohorts", "the first day of each cohort"),
        Key("matrix", "users by cohort and column; column 0 is the size of the cohort"),
        Key("groups", "with a breakdown, value → the same matrix; a missing value is the empty text"),
        Key(
            "complete", "by cohort and column: the time of the cell has passed; a cell that is not complete is unknown, not low"
        ),
        kind.OPENED,
    ),
    read=read,
    answer=answer,
)
