"""A funnel by period of entry: how many entered in each period, and how far those came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.metrics.questions.attempts import with_tables
from springtide.analytics.metrics.questions.calendar import EPOCH, Calendar
from springtide.analytics.metrics.questions.counted import count_best, count_in_turn
from springtide.analytics.metrics.questions.form import Form, Key, Span
from springtide.analytics.metrics.questions.funnel_form import FUNNEL_KEYS, Funnel, read_between, read_funnel, read_opened
from springtide.analytics.metrics.questions.funnel_pass import Pass, group_attempts, pass_over
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, OPENED, PERIOD, TZ, WEEK_START, Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import UnknownName, suggest

ENTRIES: Schema = (
    Column("period_no", "integer", False, "the period, from 0"),
    Column("from_us", "bigint", False, "its first instant"),
    Column("until_us", "bigint", False, "the first instant after it"),
)


@dataclass(frozen=True)
class Opened:
    """A cell: the users of a period who reached the one step or the other."""

    period: str
    reached: Literal["from", "to"]
    group: str | None


@dataclass(frozen=True)
class FunnelTrend:
    funnel: Funnel
    span: Span
    calendar: Calendar
    from_step: int
    to_step: int
    opened: Opened | None


def read(form: Form, stream: Stream) -> FunnelTrend:
    """refuses    what a funnel refuses, and steps that are none of its own or in no order"""
    funnel, opened = read_funnel(form), None
    if inner := read_opened(form):
        opened = Opened(str(inner.need("period")), inner.choice("reached", ("from", "to"), "from"), inner.text("group"))
        inner.end()
    calendar = form.calendar(reporting_zone=stream.zone)
    return FunnelTrend(funnel, form.span(), calendar, *read_between(form, len(funnel.steps)), opened)


def answer(asked: FunnelTrend, stream: Stream) -> dict[str, Any]:
    """In every period the attempts that start in it are a funnel of their own: the best, or the first, of each user counts."""
    engine, funnel, breakdown = stream.engine, asked.funnel, asked.funnel.breakdown
    stream = replace(stream, zone=asked.calendar.zone)
    is_within = (
        breakdown is not None and breakdown.attribution == "all_events"
    )  # then the whole is another pass than its groups
    made = pass_over(stream, replace(funnel, breakdown=None) if is_within else funnel, asked.span)
    starts = _count(engine, made, asked)
    counts = _counts(engine, "funnel_counted", asked)
    shown = range(len(starts))
    if counts and not asked.span.since:
        shown = range(min(period for _, period in counts), shown.stop)
    if counts and not asked.span.until:
        shown = range(shown.start, max(period for _, period in counts) + 1)
    told: dict[str, Any] = {
        "periods": [asked.calendar.label(starts[period]) for period in shown],
        **_told(counts, None, shown),
    }
    if breakdown:
        if is_within:
            made = pass_over(stream, funnel, asked.span)
            _count(engine, made, asked, starts)
        group_attempts(engine, made, breakdown, each=("period_no",))
        grouped = _counts(engine, "funnel_grouped", asked, is_grouped=True)
        values = sorted({str(value) for value, _ in grouped})
        told["groups"] = {value: _told(grouped, value, shown)["rate_percent"] for value in values}
    if asked.opened:
        told["opened"] = stream.opened(_open(engine, asked, told, shown))
    return told


def _count(engine: Engine, made: Pass, asked: FunnelTrend, starts: list[datetime] | None = None) -> list[datetime]:
    """Make `funnel_counted` with the period_no of every attempt; the first local times of the periods."""
    shape, totals = made.shape, asked.funnel.count == "totals"
    if totals:
        count_in_turn(engine, made.tables, shape)
        table, stands = "funnel_counted", "reached > 0"
    else:
        engine.make("funnel_attempts", with_tables(made.tables, "select * from attempts"), **shape.params)
        table, stands = "funnel_attempts", "voided_us is null"
    if starts is None:
        first_us, last_us = engine.rows(
            f"select min(step_1_us) as first_us, max(step_1_us) as last_us from {table} where {stands}"
        ).values[0]
        starts = _starts(asked, first_us, last_us)
    bounds = [asked.calendar.in_zone(start) for start in (*starts, *(asked.calendar.after(start) for start in starts[-1:]))]
    engine.table("funnel_periods", ENTRIES, [(n, *pair) for n, pair in enumerate(pairwise(bounds))])
    rest = ("voided",) if totals else ("open_until_us", "voided_us")
    columns = ", ".join(f"a.{name}" for name in (*shape.unit, "reached", *shape.filled(shape.steps), *rest))
    dated = (
        f"select {columns}, p.period_no from {table} as a"
        " inner join funnel_periods as p on a.step_1_us >= p.from_us and a.step_1_us < p.until_us"
    )
    if totals:
        engine.make("funnel_counted", dated)
    else:
        count_best(engine, [("attempts", dated)], shape, asked.funnel.entry, each=("period_no",))
    return starts


def _starts(asked: FunnelTrend, first_us: int | None, last_us: int | None) -> list[datetime]:
    """The periods asked for; where no date says so, from the first entry to the last."""
    since, until = asked.span.since, asked.span.until
    if first_us is not None and last_us is not None:
        since, until = since or _local(asked.calendar, first_us), until or _local(asked.calendar, last_us + 1)
    return asked.calendar.between(since, until) if since and until else []


def _local(calendar: Calendar, at_us: int) -> datetime:
    return (EPOCH + timedelta(microseconds=at_us)).replace(tzinfo=UTC).astimezone(calendar.zone).replace(tzinfo=None)


def _counts(
    engine: Engine, table: str, asked: FunnelTrend, *, is_grouped: bool = False
) -> dict[tuple[str | None, int], tuple[int, int]]:
    """By value (null: the whole) and period: how many reached the one step and the other."""
    value, by = ("value", "value, period_no") if is_grouped else ("cast(null as varchar) as value", "period_no")
    rows = engine.rows(
        f"select {value}, period_no, count(case when reached >= {asked.from_step} then 1 end) as reached_from,"
        f" count(case when reached >= {asked.to_step} then 1 end) as reached_to from {table} where reached > 0 group by {by}"
    )
    return {(group, period): (reached_from, reached_to) for group, period, reached_from, reached_to in rows.values}


def _told(counts: dict[tuple[str | None, int], tuple[int, int]], value: str | None, shown: range) -> dict[str, list[Any]]:
    pairs = [counts.get((value, period), (0, 0)) for period in shown]
    return {
        "reached_from": [reached_from for reached_from, _ in pairs],
        "reached_to": [reached_to for _, reached_to in pairs],
        "rate_percent": [100 * reached_to / reached_from if reached_from else None for reached_from, reached_to in pairs],
    }


def _open(engine: Engine, asked: FunnelTrend, told: dict[str, Any], shown: range) -> list[int]:
    """refuses    unknown_period, unknown_group    the answer has no such cell"""
    opened = asked.opened
    assert opened
    if opened.period not in told["periods"]:
        raise UnknownName(
            f"There is no period '{opened.period}'.", suggest(opened.period, told["periods"]), code="unknown_period"
        )
    if opened.group is not None and opened.group not in told.get("groups", {}):
        raise UnknownName(
            f"There is no group '{opened.group}'.", suggest(opened.group, told.get("groups", {})), code="unknown_group"
        )
    period = shown[told["periods"].index(opened.period)]
    step = asked.from_step if opened.reached == "from" else asked.to_step
    table, within = ("funnel_counted", "") if opened.group is None else ("funnel_grouped", " and value = $group")
    rows = engine.rows(
        f"select distinct user_no from {table} where reached >= {step} and period_no = {period}{within} order by user_no",
        group=opened.group,
    )
    return [user_no for (user_no,) in rows.values]


KIND = Kind(
    name="funnel_trend",
    asks="Of those who enter the funnel in each period, how many come how far?",
    keys=(
        *FUNNEL_KEYS,
        Key("from_step", "the step that rates are taken from, counted from 1", "1"),
        Key("to_step", "the step that they are taken to", "the last"),
        PERIOD,
        DATE_FROM,
        DATE_TO,
        TZ,
        WEEK_START,
        Key("open", "`{period, reached, group}`: the users who reached the `from` or the `to` step", "nothing is opened"),
    ),
    tells=(
        Key("periods", "first day (or hour) of each period; without dates from the first entry to the last"),
        Key("reached_from", "users (or attempts) that entered in the period and reached `from_step`"),
        Key("reached_to", "of all who entered in the period, those who reached `to_step`"),
        Key("rate_percent", "the one in percent of the other; null where there is none"),
        Key("groups", "with a breakdown: value → `rate_percent`"),
        OPENED,
    ),
    read=read,
    answer=answer,
)
