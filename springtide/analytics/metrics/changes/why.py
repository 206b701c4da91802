"""Why a metric changed between two periods, with the market and what happened beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import EQUITY_DAYS, FIRSTS, MOVES, USER_DAYS
from springtide.analytics.engine import Engine, definition
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer, plain
from springtide.analytics.metrics.changes.assets import asset_change
from springtide.analytics.metrics.changes.explained import Explained, explained
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
    need,
    need_days,
    unavailable_strata,
)
from springtide.analytics.metrics.signals import Annotation, beside
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest
from springtide.kernel.estimates import NotEstimable
from springtide.kernel.money import MICRO

PACKAGE = "springtide.analytics.metrics.changes"
COLUMNS = ("channel_id", "country", "language", "user_type")
FACTORS, FLOWS = "factors", "flows"
NOBODY, UNKNOWN = "(new)", "(not known)"

Sums = Mapping[tuple[str | None, str | None], Mapping[str, int]]  # (group then, group now) → measure → sum


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
    if metric.key == "assets":
        return (FLOWS, *STRATIFICATIONS, *COLUMNS)
    return (*STRATIFICATIONS, *COLUMNS, *((FACTORS,) if metric.factors else ()))


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

    by         `factors` takes revenue, fees and volume apart into traders × trades × size × take rate; `flows` (the default of assets) into
               what was paid in, prices, trading, fees and rewards
    movers     by the stratum at the end of both periods: who stayed, who moved from which to which, who is new

    Assets are those at the end of the periods; everything else is counted on their days. A user's stratum is that of the period's last day.

    refuses    unknown_metric, unknown_grouping
               empty_range, overlapping_periods    (see Span)
               unequal_periods    users are counted once, so periods must be of one length
               not_closed         a day is not closed, or lies before the first one
               not_available      what is asked for was not given, or only by week
    """
    asked = explained(metric)
    by = by or groupings(asked)[0]
    _check(asked, by, movers, then, now)
    _need_closed(snapshot, then, now)
    need_days(snapshot)
    need(snapshot, *asked.needs)
    split = _flows(engine, snapshot, then, now, zone) if by == FLOWS else _split(engine, snapshot, asked, by, movers, then, now)
    if isinstance(split, Split):
        split = replace(split, rows=tuple(replace(row, opens=_opens(row, by, movers, then, now)) for row in split.rows))
    earlier, later = sorted((then, now), key=lambda span: span.since)
    return Why(
        metric=asked.key,
        unit=asked.unit,
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


# How it is taken apart


def _flows(engine: Engine, snapshot: Snapshot, then: Span, now: Span, zone: ZoneInfo) -> Split:
    earlier, later = sorted((then.until, now.until))
    split = asset_change(engine, snapshot, then_on=earlier, now_on=later, zone=zone)
    if earlier == then.until:
        return split
    rows = tuple(replace(row, amount=-row.amount) for row in split.rows)
    return Split(split.now, split.then, rows)


def _split(
    engine: Engine, snapshot: Snapshot, asked: Explained, by: str, movers: bool, then: Span, now: Span
) -> Split | NotEstimable:
    attach_profiles(engine, snapshot)
    _attach_groups(engine, snapshot, by, then.until, now.until)
    sides = [_sums(engine, snapshot, asked, span) for span in (then, now)]
    if by == FACTORS:
        return _product(asked, *sides)
    grouped = [_grouped(side, by, movers, is_now=place == 1) for place, side in enumerate(sides)]
    numerators = [{group: sums[asked.numerator] for group, sums in side.items()} for side in grouped]
    if asked.denominator is None:
        days = (then.days, now.days) if asked.lengths == "by_day" else (1, 1)
        return sum_split(*numerators, days=days, unit=asked.step, scale=asked.scale)
    ratios = [{group: (sums[asked.numerator], sums[asked.denominator]) for group, sums in side.items()} for side in grouped]
    return rate_and_mix(*ratios, unit=asked.step, scale=asked.scale)


def _product(asked: Explained, then: Sums, now: Sums) -> Split | NotEstimable:
    chains = [
        {"all": [sum(sums[measure] for sums in side.values()) for _, measure in asked.factors]} if side else {}
        for side in (then, now)
    ]
    scales = [MICRO if measure.endswith("_usdt") else 1 for _, measure in asked.factors]
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
        engine.make("user_groups", definition(PACKAGE, "belongs").text, column=by)


def _sums(
    engine: Engine, snapshot: Snapshot, asked: Explained, span: Span
) -> dict[tuple[str | None, str | None], dict[str, int]]:
    if asked.key == "assets":
        snapshot.attach(engine, "equity_days", EQUITY_DAYS, since=span.until, until=span.until)
        told = engine.rows(definition(PACKAGE, "asset_groups").text, day=span.until)
    else:
        snapshot.attach(engine, "user_days", USER_DAYS, since=span.since, until=span.until)
        snapshot.attach(engine, "firsts", FIRSTS)
        users = definition(PACKAGE, "change_users").text
        engine.make("period_users", users, since=span.since, until=span.until, as_of=snapshot.require_closed())
        told = engine.rows(definition(PACKAGE, "change_groups").text)
    return {(row.pop("group_then"), row.pop("group_now")): row for row in told.dicts()}


def _grouped(side: Sums, by: str, movers: bool, *, is_now: bool) -> dict[str, Counter[str]]:
    """The sums by the group of the period, or by the move between the two."""
    grouped: dict[str, Counter[str]] = {}
    nobody = NOBODY if by in STRATIFICATIONS else UNKNOWN
    for (group_then, group_now), sums in side.items():
        here = group_now if is_now else group_then
        group = f"{group_then or nobody} → {group_now or nobody}" if movers else here or nobody
        grouped.setdefault(group, Counter()).update(sums)
    return grouped


def _opens(row: Contribution, by: str, movers: bool, then: Span, now: Span) -> Opens | None:
    """Who stands in the group as of the end of the later period."""
    if row.group is None or by in (FACTORS, FLOWS):
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
