"""Why a metric changed between two periods, with the market and what happened beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import MOVES
from springtide.analytics.engine import Engine, definition
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer, plain
from springtide.analytics.metrics.changes.assets import asset_change
from springtide.analytics.metrics.changes.explained import Explained, Undivided, explained
from springtide.analytics.metrics.changes.parts import Bar, Contribution, Opens, Split
from springtide.analytics.metrics.changes.products import product_split
from springtide.analytics.metrics.changes.rates import rate_and_mix
from springtide.analytics.metrics.changes.spans import Span, need_apart
from springtide.analytics.metrics.changes.sums import sum_split
from springtide.analytics.metrics.market import market
from springtide.analytics.metrics.reading import (
    STRATIFICATIONS,
    attach_profiles,
    first_closed,
    need_days,
    unavailable_strata,
)
from springtide.analytics.metrics.served import not_available, served
from springtide.analytics.metrics.served.asked import COLUMNS, PRODUCT
from springtide.analytics.metrics.served.asked import Span as Period
from springtide.analytics.metrics.served.readings import Reader
from springtide.analytics.metrics.served.sums import Sum
from springtide.analytics.metrics.signals import Annotation, beside
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest
from springtide.kernel.estimates import NotEstimable
from springtide.kernel.money import MICRO

PACKAGE = "springtide.analytics.metrics.changes"
FACTORS, FLOWS, PARTS = "factors", "flows", "parts"
WHOLE = (FACTORS, FLOWS, PARTS, PRODUCT)  # what asks nobody where they stand
NOBODY, UNKNOWN = "(new)", "(not known)"

Side = Mapping[str, Mapping[Sum, int]]  # group → sum → how much, over one of the two periods


@dataclass(frozen=True)
class Why(Answer):
    """A change, what it is made of, and what stood beside it. `split` says why where it cannot be taken apart."""

    metric: str
    unit: str
    by: str
    is_of_movers: bool
    then: Span
    now: Span
    split: Split | NotEstimable
    regimes_then: Mapping[str, int]  # days of each regime of the market
    regimes_now: Mapping[str, int]
    beside: tuple[Annotation, ...]

    @property
    def rows(self) -> tuple[Contribution, ...]:  # type: ignore[override]
        return self.split.rows if isinstance(self.split, Split) else ()

    @property
    def bars(self) -> tuple[Bar, ...]:
        return self.split.bars() if isinstance(self.split, Split) else ()

    def as_dict(self) -> dict[str, Any]:
        """With the table under `contributions` and the picture under `waterfall`; both are null where there is no estimate."""
        split = self.split if isinstance(self.split, Split) else None
        told: dict[str, Any] = plain({
            "metric": self.metric,
            "unit": self.unit,
            "by": self.by,
            "movers": self.is_of_movers,
            "then": {"from": self.then.since, "to": self.then.until, "value": split and split.then},
            "now": {"from": self.now.since, "to": self.now.until, "value": split and split.now},
            "change": split and split.change,
            "effects": split and split.by_effect(),
            "contributions": split and split.rows,
            "waterfall": split and split.bars(),
            "not_estimable": None if split else self.split,
            "market": {"then": self.regimes_then, "now": self.regimes_now},
            "annotations": self.beside,
        })  # fmt: skip
        return told


def groupings(metric: Explained) -> tuple[str, ...]:
    """By what a change of a metric can be taken apart, the first by default."""
    more = (
        (PRODUCT, metric.adds_up_by_product),
        (FACTORS, metric.factors),
        (PARTS, metric.parts),
    )
    first = (FLOWS,) if metric.key == "assets" else ()
    return (*first, *STRATIFICATIONS, *COLUMNS, *(by for by, holds in more if holds))


def why(
    engine: Engine,
    snapshot: Snapshot,
    metric: str,
    *,
    then: Span,
    now: Span,
    by: str | None = None,
    movers: bool = False,
    zone: ZoneInfo,
    annotations: Sequence[Annotation] = (),
) -> Why:
    """Why `metric` is another in `now` than in `then`, by stratum (default lifecycle), channel, country, language or user type.

    by         `factors` takes a product such as fees or volume apart into traders × trades × size × take rate; `parts` a sum of
               other metrics, such as net revenue, into these; `flows` (the default of assets) into what was paid in, prices, trading, …
    movers     by the stratum at the end of both periods: who stayed, who moved from which to which, who is new

    Assets are those at the end of the periods; everything else is counted on their days. A user's stratum is that of the period's last day.

    A figure whose change has no parts, such as a Gini coefficient, says so: `split` is not estimable, with the reason.

    refuses    unknown_metric, unknown_grouping
               empty_range, overlapping_periods    (see Span)
               unequal_periods    users are counted once, so periods must be of one length
               not_closed         a day is not closed, or lies before the first one
               not_available      what is asked for was not given, or only by week
    """
    asked = explained(metric)
    split: Split | NotEstimable
    if isinstance(asked, Undivided):
        need_apart(then, now)
        unit, by, split = asked.unit, by or "", NotEstimable("no_parts", asked.reason)
    else:
        unit, by = asked.metric.unit, by or groupings(asked)[0]
        _check(asked, by, movers, then, now)
        _need_closed(snapshot, then, now)
        need_days(snapshot)
        _need_given(engine, snapshot, asked, by)
        split = (
            _flows(engine, snapshot, then, now, zone)
            if by == FLOWS
            else _split(Reader(engine, snapshot, zone), asked, by, movers, then, now)
        )
    if isinstance(split, Split):
        split = replace(split, rows=tuple(replace(row, opens=_opens(row, by, movers, then, now)) for row in split.rows))
    earlier, later = sorted((then, now), key=lambda span: span.since)
    return Why(
        metric=asked.key,
        unit=unit,
        by=by,
        is_of_movers=movers,
        then=then,
        now=now,
        split=split,
        regimes_then=_regimes(engine, snapshot, then),
        regimes_now=_regimes(engine, snapshot, now),
        beside=beside(annotations, earlier.since, later.until, metric=asked.key),
    )


# What may be asked


def _check(asked: Explained, by: str, movers: bool, then: Span, now: Span) -> None:
    if by not in groupings(asked):
        raise UnknownName(
            f"A change of '{asked.key}' cannot be taken apart by '{by}'.",
            suggest(by, groupings(asked)),
            code="unknown_grouping",
        )
    if movers and by not in STRATIFICATIONS:
        raise BadInput(
            f"Nobody moves between values of '{by}'.", "Ask for movers by a stratification.", code="unknown_grouping"
        )
    need_apart(then, now)
    needs_equal = asked.lengths == "equal" or by == FACTORS
    if needs_equal and then.days != now.days:
        raise BadInput(
            f"{then.days} days and {now.days} days cannot be compared: a user is counted once in each period.",
            "Give periods of the same length.",
            code="unequal_periods",
        )


def _need_closed(snapshot: Snapshot, then: Span, now: Span) -> None:
    first, last = first_closed(snapshot), snapshot.require_closed()
    for span in (then, now):
        if span.since < first or span.until > last:
            raise NothingYet(
                f"Not all days from {span.since} to {span.until} are closed.",
                f"Closed are {first} to {last}.",
                code="not_closed",
            )


def _need_given(engine: Engine, snapshot: Snapshot, asked: Explained, by: str) -> None:
    """refuses    not_available    what the metric, or one of its factors, is reckoned from was not given"""
    needed = [asked.metric, *(served(key) for key in ("trades_per_trader", "trade_size") if by == FACTORS)]
    for one in needed:
        if reason := not_available(engine, snapshot, one, one.periods[0]):
            raise _not_available(reason)


def _not_available(reason: str) -> NothingYet:
    return NothingYet(f"This is not available: {reason}.", "Import what is missing, then close.", code="not_available")


# How it is taken apart


def _flows(engine: Engine, snapshot: Snapshot, then: Span, now: Span, zone: ZoneInfo) -> Split:
    earlier, later = sorted((then.until, now.until))
    split = asset_change(engine, snapshot, then_on=earlier, now_on=later, zone=zone)
    if earlier == then.until:
        return split
    rows = tuple(replace(row, amount=-row.amount) for row in split.rows)
    return Split(split.now, split.then, rows)


def _split(reader: Reader, asked: Explained, by: str, movers: bool, then: Span, now: Span) -> Split | NotEstimable:
    metric = asked.metric
    parts = _read_parts(asked, by)
    if by not in WHOLE:
        _attach_groups(reader.engine, reader.snapshot, by, then.until, now.until)
    sides = [_side(reader, parts, by, movers, span, is_now=span is now) for span in (then, now)]
    if by == FACTORS:
        return _product(asked, *sides)
    numerators = [{group: sums[metric.numerator] for group, sums in side.items()} for side in sides]
    days = (then.days, now.days) if asked.lengths == "by_day" else (1, 1)
    if by == PARTS:
        whole = [side.get("", Counter()) for side in sides]
        numerators = [{child.key: sign * sums[child.numerator] for sign, child in asked.parts} for sums in whole]
    if metric.denominator is None:
        return sum_split(*numerators, days=days, unit=asked.step, scale=asked.scale)
    ratios = [{group: (sums[metric.numerator], sums[metric.denominator]) for group, sums in side.items()} for side in sides]
    return rate_and_mix(*ratios, unit=asked.step, scale=asked.scale)


def _read_parts(asked: Explained, by: str) -> tuple[Sum, ...]:
    """The sums that are read: those of the metric, of its factors, or of its parts."""
    if by == FACTORS:
        return (*(part for _, part in asked.factors), *((asked.per,) if asked.per else ()))
    return tuple(child.numerator for _, child in asked.parts) if by == PARTS else asked.metric.parts


def _product(asked: Explained, then: Side, now: Side) -> Split | NotEstimable:
    """Of a ratio every quantity is first divided by what the ratio is taken over: both periods times both, so that all stay whole."""
    sides = [side.get("", Counter[Sum]()) for side in (then, now)]
    if not all(sides) and asked.per:
        return NotEstimable("no_denominator", "one of the periods has nobody to take the ratio over")
    per = [side[asked.per] if asked.per else 1 for side in sides]
    whole = per[0] * per[1]
    chains = [
        {"all": [side[part] * whole // over for _, part in asked.factors]} if side else {}
        for side, over in zip(sides, per, strict=True)
    ]
    scales = [whole * (MICRO if part.is_money else 1) for _, part in asked.factors]
    return product_split([name for name, _ in asked.factors], *chains, unit=asked.step, scales=scales)


def _attach_groups(engine: Engine, snapshot: Snapshot, by: str, then_on: date, now_on: date) -> None:
    """`user_groups`: where every user belongs at the end of both periods."""
    if by in STRATIFICATIONS:
        for day in (then_on, now_on):
            if reason := unavailable_strata(snapshot, day).get(by):
                raise NothingYet(f"'{by}' is not available: {reason}.", "Choose another stratification.", code="not_available")
        earlier, later = sorted((then_on, now_on))
        snapshot.attach(engine, "moves", MOVES, until=later)
        engine.make("user_groups", definition(PACKAGE, "stood").text, key=by, then_on=earlier, now_on=later)
        if earlier != then_on:
            engine.make("user_groups", "select user_no, group_now as group_then, group_then as group_now from user_groups")
    else:
        attach_profiles(engine, snapshot)
        engine.make("user_groups", definition(PACKAGE, "belongs").text, column=by)


def _side(reader: Reader, parts: Sequence[Sum], by: str, movers: bool, span: Span, *, is_now: bool) -> dict[str, Counter[Sum]]:
    """The sums of one period, by the group in which users stand at its end, by the move between the two, or by product.

    refuses    not_available    one of them cannot be told for these days
    """
    engine, snapshot = reader.engine, reader.snapshot
    attach_profiles(engine, snapshot)
    if by in WHOLE:
        engine.make("people", "select user_no, '' as group_key from profiles where is_counted")
    else:
        nobody = NOBODY if by in STRATIFICATIONS else UNKNOWN
        stood = {} if movers else {"is_now": is_now}
        engine.make("people", definition(PACKAGE, "people_moved" if movers else "people_stood").text, nobody=nobody, **stood)
    side: dict[str, Counter[Sum]] = {}
    for part, reading in reader.readings(parts, [Period(span.since, span.until, True)]):
        if reason := reading.reasons.get(span.since):
            raise _not_available(reason)
        for (_, group), sums in reading.sums.items():
            columns = part.products if by == PRODUCT else {group: part.column}
            for name, column in columns.items():
                side.setdefault(name, Counter())[part] += sums[column] or 0
    return side


def _opens(row: Contribution, by: str, movers: bool, then: Span, now: Span) -> Opens | None:
    """Who stands in the group as of the end of the later period."""
    if row.group is None or by in WHOLE:
        return None
    if movers:
        was, _, becomes = row.group.partition(" → ")
        if becomes == NOBODY or then.until > now.until:
            return None
        return Opens(now.until, _is(by, becomes), by, None if was == NOBODY else was, then.until)
    return Opens(now.until, _is(by, row.group))


def _is(column: str, group: str) -> str:
    return f"{column} is null" if group in (NOBODY, UNKNOWN) else f"{column} = '{group.replace(chr(39), chr(39) * 2)}'"


def _regimes(engine: Engine, snapshot: Snapshot, span: Span) -> dict[str, int]:
    days = market(engine, snapshot, since=span.since, until=span.until).rows
    return dict(sorted(Counter(day.regime for day in days if day.regime).items()))
