"""A metric by period and by group: every value with its numerator and its denominator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.spec import given, unknown_columns
from springtide.analytics.daybook.tables import PROFILES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import (
    BY_WEEK,
    DERIVED,
    STRATA,
    STRATIFICATIONS,
    are_users_derived,
    first_closed,
    is_weekly,
    missing,
    unavailable_strata,
)
from springtide.analytics.metrics.served.asked import (
    PRODUCT,
    Span,
    Stood,
    depends_on_the_day,
    known_group,
    people_query,
    spans,
)
from springtide.analytics.metrics.served.catalogue import Served, served
from springtide.analytics.metrics.served.readings import Reader, Reading, not_kept
from springtide.analytics.metrics.served.sums import Sum
from springtide.kernel.money import usdt

Number = Decimal | int
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class MetricValue:
    """One period and group. `group` is null where the whole was asked for.

    value          numerator ÷ denominator, or the numerator alone; null where the denominator is 0, or where `reason` says why
    numerator      a sum or a count; money as Decimal USDT
    denominator    what it is divided by; null of a sum
    is_complete    all days of the period are closed and asked for, and the time that its users have has passed
    """

    since: date
    until: date
    group: str | None
    value: Decimal | float | int | None
    numerator: Number | None
    denominator: Number | None
    is_complete: bool
    reason: str | None = None


@dataclass(frozen=True)
class MetricValues(Answer):
    """A metric by period, oldest first, and by group. Without rows, `reason` says why it is not available.

    stood    users stand in their groups, and meet the rule, as they did at the end of each period (`then`), or as they do `now`
    """

    metric: str
    unit: str
    period: str
    by: str | None
    where: str | None
    stood: Stood
    as_of: date
    rows: tuple[MetricValue, ...]
    reason: str | None = None


def metric_values(
    engine: Engine,
    snapshot: Snapshot,
    key: str,
    *,
    since: date | None = None,
    until: date | None = None,
    period: str | None = None,
    by: str | None = None,
    where: str | None = None,
    stood: Stood = "then",
    zone: ZoneInfo = UTC,
) -> MetricValues:
    """The metric `key` of counted users on the days from `since` to `until`, both included (default: the latest 30 days, 13 weeks or year).

    by       a stratification, channel_id, country, language, user_type, or product (spot, contract) where the metric tells them apart
    where    a rule over profile columns and strata, as segments have it: only users of whom it holds
    stood    `then`: as users stood at the end of each period, which needs the snapshot of that day; `now`: as they stand on the last
             closed day. What never changes, such as the channel, needs no snapshot.

    Only the days asked for are read (and those that lead up to them, or follow, where the metric's own time needs them).

    refuses    unknown_metric, unknown_period, unknown_grouping, bad_rule, unknown_column, empty_range, not_closed, nothing_closed
    """
    asked = served(key)
    period = period or asked.periods[0]
    by = known_group(by, asked.products)
    cut = spans(snapshot, since, until, period)
    people = people_query(by, where)  # a rule that cannot be read is told before anything is reckoned
    latest = snapshot.require_closed()

    def answer(rows: tuple[MetricValue, ...], reason: str | None = None) -> MetricValues:
        return MetricValues(key, asked.unit, period, by, where, stood, latest, rows, reason)

    if reason := not_available(engine, snapshot, asked, period):
        return answer((), reason)
    if not cut:
        return answer((), "no day of this range is closed")
    readings: list[Reading] = [Reading() for _ in asked.parts]
    lacking: dict[date, str] = {}
    for day, batch in _batches(snapshot, cut, by, where, stood, latest):
        if why := cannot_stand(snapshot, day, by):
            lacking |= {span.since: why for span in batch}
            continue
        attach_people(engine, snapshot, people, day)
        told = Reader(engine, snapshot, zone).readings(asked.parts, batch)
        for into, (_part, found) in zip(readings, told, strict=True):
            into.sums.update(found.sums)
            into.reasons.update(found.reasons)
    for reading in readings:
        reading.reasons.update(lacking)
    return answer(tuple(_rows(asked, readings, cut, by, first_closed(snapshot), latest)))


def not_available(engine: Engine, snapshot: Snapshot, asked: Served, period: str) -> str | None:
    """Why nothing of a metric can be told from what was given; null where it can."""
    if period not in asked.periods:
        return f"this is told by {' and '.join(asked.periods)} only"
    if any(part.is_of_registrants for part in asked.parts) and are_users_derived(engine, snapshot):
        return DERIVED
    if is_weekly(snapshot) and (period == "day" or any(part.is_of_days for part in asked.parts)):
        return BY_WEEK
    for part in asked.parts:
        if reason := missing(snapshot, *part.needs) or _not_given(snapshot, part.tables):
            return reason
    return None


def _not_given(snapshot: Snapshot, tables: Sequence[str]) -> str | None:
    """Of several tables, those that are there must know the column, and one must be there."""
    names = [name.partition(".") for name in tables]
    there = [(table, column) for table, _, column in names if table in given(snapshot.manifest)]
    if names and not there:
        return f"no {' or '.join(table for table, _, _ in names)} was given"
    unknown = unknown_columns(snapshot.manifest)
    return next((f"{column} is unknown in {table}" for table, column in there if column in unknown.get(table, ())), None)


# Who is counted, and where they stand


def _batches(
    snapshot: Snapshot, cut: Sequence[Span], by: str | None, where: str | None, stood: Stood, latest: date
) -> Iterable[tuple[date, Sequence[Span]]]:
    """Periods whose users stand as of one day."""
    if stood == "now" or not depends_on_the_day(by, where):
        return [(latest, cut)]
    return [(span.until, (span,)) for span in cut]


def cannot_stand(snapshot: Snapshot, day: date, by: str | None) -> str | None:
    """Why nobody knows where users stood on a day."""
    if day not in snapshot.days("strata") and day != snapshot.require_closed():
        return not_kept(day)
    return unavailable_strata(snapshot, day).get(by) if by in STRATIFICATIONS else None


def attach_people(engine: Engine, snapshot: Snapshot, query: str, day: date) -> None:
    """`people`: who is counted, each with their group, as they stood on a day."""
    snapshot.attach(engine, "profiles", PROFILES, name="known", since=day, until=day)
    snapshot.attach(engine, "strata", STRATA, name="stood", since=day, until=day)
    engine.make("people", query)


# Sums and values


def _rows(
    asked: Served, readings: Sequence[Reading], cut: Sequence[Span], by: str | None, first: date, latest: date
) -> Iterable[MetricValue]:
    if by == PRODUCT:
        groups: Sequence[str] = asked.products
    elif by:
        groups = sorted({group for reading in readings for _, group in reading.sums})
    else:
        groups = ("",)
    for span in cut:
        reason = next((why for reading in readings if (why := reading.reasons.get(span.since))), None)
        is_reached = span.until - timedelta(days=asked.reaches_back_days) >= first
        is_complete = span.is_whole and is_reached and span.until <= latest - timedelta(days=asked.matures_days)
        for group in groups:
            if reason:
                yield MetricValue(span.since, span.until, group or None, None, None, None, is_complete, reason)
                continue
            sums = [
                _sum(part, reading.sums.get((span.since, "" if by == PRODUCT else group), {}), group if by == PRODUCT else "")
                for part, reading in zip(asked.parts, readings, strict=True)
            ]
            yield _value(asked, span, group or None, sums, is_complete)
        if reason and not groups:
            yield MetricValue(span.since, span.until, None, None, None, None, is_complete, reason)


def _sum(part: Sum, sums: Mapping[str, int], product: str) -> int:
    return sums.get(part.products[product] if product else part.column) or 0


def _value(asked: Served, span: Span, group: str | None, sums: Sequence[int], is_complete: bool) -> MetricValue:
    told = [usdt(number) if part.is_money else number for part, number in zip(asked.parts, sums, strict=True)]
    if len(sums) == 1:
        return MetricValue(span.since, span.until, group, told[0], told[0], None, is_complete)
    return MetricValue(span.since, span.until, group, ratio(asked, *sums), told[0], told[1], is_complete)


def ratio(asked: Served, numerator: int, denominator: int) -> Decimal | float | None:
    """Numerator ÷ denominator in the metric's unit; null over nothing. Money over heads is rounded to 1e-6 USDT."""
    if not denominator:
        return None
    exact = Fraction(numerator, denominator) * Fraction(*asked.factor)
    return usdt(round(exact)) if asked.unit == "usdt" else float(exact)
