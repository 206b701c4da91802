"""Control charts: what a baseline leads to expect of each day, the limits around it, and the rule that fired.

The limits of one day are natural process limits: three standard deviations, of which one is the mean moving range ÷ 1.128; 3 ÷ 1.128 is
Wheeler's 2.66 (Wheeler 1993, Understanding Variation, p. 60). What widens them, and why, is written in docs/explanation/signals.md:

- the spread is never taken smaller than the median absolute deviation says (× 1.4826), nor for a share than the binomial's;
- three days together vary at least as much as three days together did in the baseline: neighbours may be alike;
- a total or a level has limits half as far again as the furthest day of its baseline: heavy tails show there first, if at all;
- a baseline of few days is known badly: quantiles of Student's t, and the error of its centre.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from statistics import NormalDist, fmean, median
from typing import Literal

from springtide.analytics.metrics.signals.frames import FRAMES, Frame
from springtide.analytics.metrics.signals.series import Kind, Point, Series
from springtide.kernel.estimates import NotEstimable

Rule = Literal["outside", "three_days"]
OUTSIDE = 3.0  # standard deviations: a day beyond them
THREE_DAYS = 2.6  # standard deviations of their mean: three days in a row, taken together
LEAST_DAYS = 28  # of a baseline before anything is judged
FULL_DAYS = 84  # of a baseline; then it is frozen
FURTHEST = 1.5
D2 = 1.128  # mean range of two normal values, in standard deviations
# People a day on the smaller side of a share: below, a day without any is nothing unusual.
FEW = {"share": 5, "level": 0, "total": 10, "stock": 10}
MAD = 1.4826  # standard deviations in a median absolute deviation of normal values


@dataclass(frozen=True)
class Baseline:
    """The days that say what is usual. A baseline that is frozen has all its days; only a person begins a new one."""

    since: date
    until: date
    days: int
    is_frozen: bool


@dataclass(frozen=True)
class Judged:
    """One rule on one day: what was seen (of three days their mean), what was expected, the limits, and the chance of lying as far out.

    `p_value` reads the limits as those of a normal distribution.
    """

    rule: Rule
    value: float
    expected: float
    low: float
    high: float
    p_value: float
    is_out: bool


@dataclass(frozen=True)
class ChartPoint:
    """One day of a chart. What is not judged (young, or nobody there) has a value at most."""

    day: date
    value: float | None
    expected: float | None
    low: float | None
    high: float | None
    rule: Rule | None  # the rule that fired
    judged: tuple[Judged, ...] = ()
    baseline: Baseline | None = None  # what it was judged by

    @property
    def p_value(self) -> float | None:
        return min((one.p_value for one in self.judged), default=None)


@dataclass(frozen=True)
class Chart:
    """A series with its limits. No day is judged by limits that it helped to make; `baseline` is what the next day will be judged by."""

    metric: str
    group: str | None
    kind: Kind
    family: str
    baseline: Baseline
    rows: tuple[ChartPoint, ...]


def chart(series: Series, *, since: date | None = None) -> Chart | NotEstimable:
    """The control chart of a series; with `since`, from a baseline that begins on that day.

    The first 84 days are the baseline. While it is shorter, from 28 days on, a day is judged by the whole weeks before it, with limits that
    much wider; from then on it is frozen.
    """
    points = tuple(point for point in series.points if since is None or point.day >= since)
    series = replace(series, points=points)
    if len(points) <= LEAST_DAYS:
        return NotEstimable("too_young", f"{len(points)} days are known; a baseline takes {LEAST_DAYS}, and one more to judge")
    if _people(points[:LEAST_DAYS]) < (few := FEW[series.kind]):
        return NotEstimable(
            "too_few", f"on most days fewer than {few} people are counted: a day without any would be nothing unusual"
        )
    by_length = {
        length: _limits(series, length) for length in sorted({_known(place) for place in range(LEAST_DAYS, len(points) + 1)})
    }
    if not any(by_length.values()):
        return NotEstimable(
            "too_sparse", "most days of the baseline have nobody or nothing, so they say nothing about the next"
        )
    rows = []
    for place, point in enumerate(points):
        limits = by_length[_known(place)] if place >= LEAST_DAYS else None
        rows.append(limits.judge(place) if limits else ChartPoint(point.day, point.value, None, None, None, None))
    baseline = _baseline(points, _known(len(points)))
    return Chart(series.metric, series.group, series.kind, series.family, baseline, tuple(rows))


def _people(points: Sequence[Point]) -> float:
    """How many people a usual day has on the smaller side of a share; without any share there is no such bound."""
    return median([min(one.numerator, one.denominator - one.numerator) for one in points if one.denominator] or [math.inf])


def _known(place: int) -> int:
    """How many days are the baseline of the day at a place: whole weeks before it, until it is full."""
    return min(place - place % 7, FULL_DAYS)


def _baseline(points: Sequence[Point], length: int) -> Baseline:
    return Baseline(points[0].day, points[length - 1].day, length, length == FULL_DAYS)


@dataclass(frozen=True)
class _Limits:
    """A fitted frame, its centre, and how far one day and three days may lie from it, in deviations."""

    series: Series
    baseline: Baseline
    frame: Frame
    centre: float
    reach: dict[Rule, float]

    def judge(self, place: int) -> ChartPoint:
        point = self.series.points[place]
        judged = tuple(one for rule in self.reach if (one := self._judged(rule, place)) is not None)
        one_day = next((one for one in judged if one.rule == "outside"), None)
        fired = [one for one in judged if one.is_out]
        return ChartPoint(
            point.day,
            point.value,
            one_day.expected if one_day else None,
            one_day.low if one_day else None,
            one_day.high if one_day else None,
            min(fired, key=lambda one: one.p_value).rule if fired else None,
            judged,
            self.baseline,
        )

    def _judged(self, rule: Rule, place: int) -> Judged | None:
        days, centre, sigmas = (1, self.centre, OUTSIDE) if rule == "outside" else (3, self.centre * math.sqrt(3), THREE_DAYS)
        deviation = self.frame.day(place) if days == 1 else self.frame.three(place)
        if deviation is None:
            return None
        reach, off = self.reach[rule], deviation - centre
        at = [self.frame.value(place, centre + shift, days=days) for shift in (0.0, -reach, reach)]
        return Judged(
            rule, self.frame.seen(place, days), at[0], at[1], at[2], _two_sided(sigmas * abs(off) / reach), abs(off) > reach
        )


def _limits(series: Series, length: int) -> _Limits | None:
    """The limits that the first days give; null when too few of them can be judged, or all are the same."""
    frame = FRAMES[series.kind](series.points, length)
    deviations = [one for place in range(length) if (one := frame.day(place)) is not None]
    if len(deviations) < LEAST_DAYS // 2:
        return None
    centre = median(deviations) if frame.has_own_centre else 0.0
    one = max(
        moving_range_sigma(deviations),
        MAD * median(abs(each - centre) for each in deviations),
        frame.least,
    )
    together = [each - centre * math.sqrt(3) for place in range(length) if (each := frame.three(place)) is not None]
    three = max(one, math.sqrt(fmean([each * each for each in together])) if together else 0.0)
    if not three:
        return None
    reach: dict[Rule, float] = {
        "outside": OUTSIDE * one * unsure(len(deviations), OUTSIDE, centres=frame.centres, days=1),
        "three_days": THREE_DAYS * three * unsure(len(deviations), THREE_DAYS, centres=frame.centres, days=3),
    }
    if frame.has_heavy_tails:
        furthest = {"outside": [each - centre for each in deviations], "three_days": together}
        reach = {rule: max(far, FURTHEST * max(map(abs, furthest[rule]), default=0.0)) for rule, far in reach.items()}
    return _Limits(series, _baseline(series.points, length), frame, centre, reach)


def moving_range_sigma(values: Sequence[float]) -> float:
    """The standard deviation that neighbouring values show: mean moving range ÷ 1.128."""
    return fmean([abs(after - before) for before, after in pairwise(values)]) / D2


def unsure(known: int, sigmas: float, *, centres: int, days: int) -> float:
    """How much wider limits must be because spread and centres come from so many known days.

    Student's t for a normal quantile to first order (Abramowitz and Stegun 1964, 26.7.5); the spread that centres fitted to the same days
    hide; and the error of a centre, which days that share one (`centres` = 1) do not average away.
    """
    of_spread = (1 + (sigmas * sigmas + 1) / (4 * (known - centres))) * math.sqrt(known / (known - centres))
    return of_spread * math.sqrt(1 + max(centres, days) / known)


def _two_sided(sigmas: float) -> float:
    return 0.0 if math.isinf(sigmas) else 2 * NormalDist().cdf(-sigmas)
