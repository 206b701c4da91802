"""How much there is of something in each period: events, users or sums, beside each other, in a formula, or split by a property."""

from __future__ import annotations

import ast
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

from springtide.analytics.engine import Column, Schema, definition
from springtide.analytics.engine.duck import literal
from springtide.analytics.metrics.questions import kind
from springtide.analytics.metrics.questions.calendar import DAY_US, Calendar, micros
from springtide.analytics.metrics.questions.form import Breakdown, Form, Key, Matcher, Prop, Span, read_matcher
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.retention import OTHER
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput, UnknownName, suggest

Math = Literal["total", "unique_users", "sum", "active_7d", "active_30d"]
MATHS: tuple[Math, ...] = ("total", "unique_users", "sum", "active_7d", "active_30d")
TRAILING: dict[str, int] = {"active_7d": 7, "active_30d": 30}
NAMES = string.ascii_uppercase
NOBODY_SPLITS = ""
Value = int | float | None

SERIES_PERIODS: Schema = (
    Column("series_no", "integer", False, "place of the series, from 0"),
    Column("local_no", "bigint", False, "local hour or day since 1970"),
    Column("period_no", "integer", False, "a period that counts it: several, where periods look back over trailing days"),
)


@dataclass(frozen=True)
class Series:
    """One line: what is counted, and how."""

    matcher: Matcher
    math: Math
    prop: Prop | None


@dataclass(frozen=True)
class Trend:
    series: tuple[Series, ...]
    calendar: Calendar
    since: datetime
    until: datetime
    formula: ast.expr | None
    shift_days: int
    breakdown: Breakdown | None
    opened: tuple[int, int, str | None] | None  # series, period, group

    @property
    def starts(self) -> list[datetime]:
        return self.calendar.between(self.since, self.until)

    @property
    def is_of_days(self) -> bool:
        """It is enough to know who was there on which day: users are counted, not events."""
        return self.breakdown is None and all(series.math in ("unique_users", *TRAILING) for series in self.series)

    def shifted(self) -> Trend:
        """The same so many days earlier."""
        back = timedelta(days=self.shift_days)
        return Trend(self.series, self.calendar, self.since - back, self.until - back, self.formula, 0, self.breakdown, None)


def read(form: Form, stream: Stream) -> Trend:
    calendar = form.calendar(reporting_zone=stream.zone)
    since, until = stream.range(form.span(), calendar)
    series = tuple(_series(one) for one in form.list("series", least=1, most=len(NAMES)))
    if calendar.grain == "hour" and any(one.math in TRAILING for one in series):
        raise BadInput("Trailing days are not told by the hour.", "Ask by day, week or month.", code="bad_period")
    formula = form.text("formula")
    breakdown = form.breakdown()
    return Trend(
        series,
        calendar,
        since,
        until,
        parse_formula(formula, len(series)) if formula else None,
        form.whole("shift_days", 0, least=0, most=10_000),
        breakdown,
        _opened(form, len(series), len(calendar.between(since, until)), breakdown),
    )


def _opened(form: Form, series: int, periods: int, breakdown: Breakdown | None) -> tuple[int, int, str | None] | None:
    inner = form.form("open")
    if inner is None:
        return None
    cell = (
        inner.whole("series", least=0, most=series - 1),
        inner.whole("period", least=0, most=periods - 1),
        inner.text("group"),
    )
    inner.end()
    if cell[2] is not None and breakdown is None:
        raise BadInput("There are no groups to open.", "Ask with a breakdown, or open without a group.", code="no_groups")
    return cell


def _series(given: Any) -> Series:
    form = Form(given, at="A series")
    math = form.choice("math", MATHS, "total")
    prop = form.prop(scope="event") if form.has("prop") else None
    form.take("prop")
    matcher = read_matcher(form)
    form.end()
    if math == "sum" and prop is None:
        raise BadInput("A sum needs a property.", "Name it as 'prop' in the series.", code="missing_key")
    return Series(matcher, math, prop if math == "sum" else None)


def answer(asked: Trend, stream: Stream) -> dict[str, Any]:
    groups = _values(asked, stream)
    labels = [asked.calendar.label(start) for start in asked.starts]
    found: dict[str, Any] = {"periods": labels, "series": groups.pop(None)}
    if asked.breakdown:
        found["groups"] = groups
    if asked.opened:
        series, period, group = asked.opened
        rows = stream.engine.rows(
            "select distinct user_no from series_counted where series_no = $series and period_no = $period"
            " and ($group is null or value = $group)",
            series=series,
            period=period,
            group=group,
        )
        found["opened"] = stream.opened(user_no for (user_no,) in rows.values)
    if asked.shift_days:
        before = asked.shifted()
        found["shifted"] = answer(before, stream)
    return found


def _values(asked: Trend, stream: Stream) -> dict[str | None, list[list[Value]]]:
    """The series of everything (under null) and, with a breakdown, of each group: the largest first, `$other` last."""
    starts = asked.starts
    _make_counted(asked, stream, starts)
    found: dict[str | None, list[list[Value]]] = {None: _zeros(asked, len(starts))}
    if asked.breakdown:
        rows = stream.engine.rows(definition(__package__, "trend_groups").text).values
        _fill(asked, stream, found, rows)
        found = dict(sorted(found.items(), key=lambda one: (one[0] == OTHER, -_size(one[1]), one[0] or "")))
    found[None] = _zeros(asked, len(starts))
    _fill(asked, stream, found, [(None, *row) for row in stream.engine.rows(definition(__package__, "trend").text).values])
    if asked.formula is None:
        return found
    formula = asked.formula
    return {
        group: [[evaluate(formula, dict(zip(NAMES, values, strict=False))) for values in zip(*series, strict=True)]]
        for group, series in found.items()
    }


def _fill(asked: Trend, stream: Stream, found: dict[str | None, list[list[Value]]], rows: Sequence[tuple[Any, ...]]) -> None:
    for group, series_no, period_no, total, users, amount in rows:
        series = asked.series[series_no]
        value: Value = total if series.math == "total" else users
        if series.math == "sum" and series.prop:
            value = float(Decimal(amount or 0).scaleb(-stream.source.places(series.prop)))
        found.setdefault(group, _zeros(asked, len(asked.starts)))[series_no][period_no] = value


def _zeros(asked: Trend, periods: int) -> list[list[Value]]:
    return [[0.0 if series.math == "sum" else 0] * periods for series in asked.series]


def _size(series: Sequence[Sequence[Value]]) -> float:
    return sum(value or 0 for values in series for value in values)


def _make_counted(asked: Trend, stream: Stream, starts: list[datetime]) -> None:
    """Make `series_counted`: series_no, period_no, user_no, amount, value: every event in every period of a series that counts it."""
    engine = stream.engine
    looks_back = max((TRAILING.get(series.math, 0) for series in asked.series), default=0)
    since = asked.calendar.start_of(asked.since) - timedelta(days=looks_back) if looks_back else asked.since
    prop = asked.breakdown.prop if asked.breakdown else None
    stream.define(
        "series_events",
        {f"is_{number}": series.matcher for number, series in enumerate(asked.series)},
        texts={"value": prop} if prop else {},
        numbers={f"amount_{number}": series.prop for number, series in enumerate(asked.series) if series.prop},
        span=Span(since, asked.until),
        calendar=asked.calendar,
        made=True,
        at_day_grain=asked.is_of_days,
    )
    engine.table("series_periods", SERIES_PERIODS, _series_periods(asked, starts))
    is_whole_day = asked.since.time() == time() and asked.calendar.grain != "hour"
    since_us, first_no = asked.calendar.in_zone(asked.since), asked.calendar.local_no(asked.since)
    within = f" and local_no >= {first_no}" if is_whole_day else f" and at_us >= {since_us}"
    lines = []
    for number, series in enumerate(asked.series):
        amount = f"amount_{number}" if series.prop else "cast(null as decimal(38, 12))"
        value = "coalesce(value, '')" if prop else literal(NOBODY_SPLITS)
        lines.append(
            f"select {number} as series_no, user_no, local_no, {amount} as amount, {value} as value from series_events"
            f" where is_{number}{'' if series.math in TRAILING else within}"
        )
    engine.define("series_lines", " union all ".join(lines))
    limit = asked.breakdown.limit if asked.breakdown else 1
    engine.make("series_counted", definition(__package__, "trend_counted").text, limit=limit, other=OTHER)


def _series_periods(asked: Trend, starts: list[datetime]) -> list[tuple[int, int, int]]:
    rows = []
    for number, series in enumerate(asked.series):
        if series.math not in TRAILING:
            rows += [(number, local, period) for local, period in asked.calendar.rows(starts)]
            continue
        for period, start in enumerate(starts):
            last = micros(min(asked.calendar.after(start), asked.until) - timedelta(microseconds=1)) // DAY_US
            rows += [(number, local, period) for local in range(last - TRAILING[series.math] + 1, last + 1)]
    return rows


# formulas


def parse_formula(text: str, series: int) -> ast.expr:
    """A formula of + − × ÷ over the names of the series, A, B, ….

    refuses    bad_formula       it is no such formula
               unknown_series    it names a series that is not there
    """
    refused = BadInput(f"'{text}' is no formula.", "Write one of + - * / ( ) over A, B, … and numbers.", code="bad_formula")
    if len(text) > 200:
        raise refused
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as bad:
        raise refused from bad
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if node.id not in NAMES[:series]:
                raise UnknownName(f"There is no series '{node.id}'.", suggest(node.id, NAMES[:series]), code="unknown_series")
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, bool) or not isinstance(node.value, int | float):
                raise refused
        elif not isinstance(
            node, ast.BinOp | ast.UnaryOp | ast.Add | ast.Sub | ast.Mult | ast.Div | ast.USub | ast.UAdd | ast.Load
        ):
            raise refused
    return tree


def evaluate(node: ast.expr, values: Mapping[str, Value]) -> Value:
    """The value of a formula; null where a divisor is 0."""
    match node:
        case ast.Name():
            return values[node.id]
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp():
            value = evaluate(node.operand, values)
            return value if value is None or isinstance(node.op, ast.UAdd) else -value
        case ast.BinOp():
            left, right = evaluate(node.left, values), evaluate(node.right, values)
            if left is None or right is None:
                return None
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
            return left / right if right else None
    raise AssertionError(ast.dump(node))


KIND = Kind(
    "trend",
    "How much is there in each period?",
    keys=(
        Key("series", "matchers, each with `math` (`total`, `unique_users`, `sum` with `prop`, `active_7d`, `active_30d`: users of the "
            "trailing days with the period's last day)"),
        kind.PERIOD,
        kind.DATE_FROM,
        kind.DATE_TO,
        Key("formula", "`+ - * /` over the series A, B, …; it takes their place", "no formula"),
        Key("shift_days", "tells the same so many days earlier, too, as `shifted`", "0"),
        kind.BREAKDOWN,
        kind.TZ,
        kind.WEEK_START,
        Key("open", "`{series, period, group}`, counted from 0: the users of that value", "nothing is opened"),
    ),
    tells=(
        Key("periods", "first day (hour) of each period"),
        Key("series", "one list of values a series; with a formula its values alone, null where it divides by 0"),
        Key("groups", "with a breakdown, value → the same lists; a missing value is the empty text"),
        Key("shifted", "with `shift_days`, the same answer so many days earlier"),
        kind.OPENED,
    ),
    read=read,
    answer=answer,
)  # fmt: skip
