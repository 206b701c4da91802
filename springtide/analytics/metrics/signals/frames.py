"""How far a day lies from what was to be expected, for each kind of series.

A frame is fitted to the first days of a series, its baseline, and then read on any day. `day` is the deviation of one day, `three` the mean
deviation of a day and the two before it times √3, so that both vary alike when days are independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import Protocol

from springtide.analytics.metrics.signals.series import Kind, Point

SCALE_DAYS = 28  # whose median size makes sums that go below zero comparable
ROOT_3 = math.sqrt(3)


class Frame(Protocol):
    """The expectation that a baseline gives, and deviations from it; null on a day that cannot be judged."""

    least: float  # days never vary less than this, in deviations
    has_heavy_tails: bool
    centres: int  # how many are fitted to the baseline
    has_own_centre: bool  # deviations of the baseline do not lie around zero of themselves

    def day(self, place: int) -> float | None: ...

    def three(self, place: int) -> float | None: ...

    def seen(self, place: int, days: int) -> float:
        """The figure of a day, or of that day and the two before it together."""

    def value(self, place: int, deviation: float, *, days: int = 1) -> float:
        """The same figure, had it deviated by so much; 0 gives what was expected."""


class Share:
    """Laney's p′ chart: deviations are z-scores of the binomial, whose own spread is then measured.

    Laney (2002), "Improved control charts for attributes", Quality Engineering 14, 531–537. Three days are judged by their counts together.
    """

    least = 1.0  # people who decide for themselves vary at least as coins do
    has_heavy_tails = False
    centres = 1
    has_own_centre = False

    def __init__(self, points: Sequence[Point], length: int) -> None:
        self.points = points
        counted = sum(point.numerator for point in points[:length])
        base = sum(point.denominator or 0 for point in points[:length])
        self.share = counted / base if base else 0.0
        self.noise = math.sqrt(self.share * (1 - self.share))

    def _base(self, place: int, days: int) -> float:
        return sum(point.denominator or 0 for point in self.points[place - days + 1 : place + 1])

    def _deviation(self, place: int, days: int) -> float | None:
        base = self._base(place, days)
        if place < days - 1 or not self.points[place].denominator or not self.noise:
            return None
        counted = sum(point.numerator for point in self.points[place - days + 1 : place + 1])
        return (counted - self.share * base) / (self.noise * math.sqrt(base))

    def day(self, place: int) -> float | None:
        return self._deviation(place, 1)

    def three(self, place: int) -> float | None:
        return self._deviation(place, 3)

    def seen(self, place: int, days: int) -> float:
        return sum(point.numerator for point in self.points[place - days + 1 : place + 1]) / self._base(place, days)

    def value(self, place: int, deviation: float, *, days: int = 1) -> float:
        return min(1.0, max(0.0, self.share + deviation * self.noise / math.sqrt(self._base(place, days))))


class Level:
    """The XmR chart: deviations from the mean of the baseline, in the unit of the metric."""

    least = 0.0
    has_heavy_tails = True
    centres = 1
    has_own_centre = False

    def __init__(self, points: Sequence[Point], length: int) -> None:
        self.values = [point.value for point in points]
        self.mean = fmean([value for value in self.values[:length] if value is not None] or [0.0])

    def day(self, place: int) -> float | None:
        value = self.values[place]
        return None if value is None else value - self.mean

    def three(self, place: int) -> float | None:
        return _three(self.day, place)

    def seen(self, place: int, days: int) -> float:
        return fmean([value or 0.0 for value in self.values[place - days + 1 : place + 1]])

    def value(self, place: int, deviation: float, *, days: int = 1) -> float:
        return self.mean + deviation / math.sqrt(days)


class Total:
    """Robust weekday bands: how far a day lies from the median of the seven days before it, with what its weekday usually does taken out.

    A growing exchange leaves every fixed centre behind, and a centre that moves with the last week sees a break but not the growth.
    Logarithms where the baseline has no day at zero or below, else shares of the median size of the four weeks before.
    """

    least = 0.0
    has_heavy_tails = True
    centres = 7  # one for every weekday
    has_own_centre = True
    level_days = 7  # before a day, whose median is its level: every weekday once

    def __init__(self, points: Sequence[Point], length: int) -> None:
        values = [point.value for point in points]
        self.values = [0.0 if value is None else value for value in values]
        self.known = [value is not None for value in values]
        self.is_log = all(value > 0 for value in self.values[:length])
        self.weekdays = [point.day.weekday() for point in points]
        self.raws: dict[int, float | None] = {}
        usual: dict[int, list[float]] = {}
        for place in range(length):
            if (raw := self._raw(place)) is not None:
                usual.setdefault(self.weekdays[place], []).append(raw)
        self.usual = {weekday: median(raws) for weekday, raws in usual.items()}

    def _level(self, place: int) -> tuple[float, float] | None:
        """The level before a day and what a deviation of one is there."""
        before = self.values[max(0, place - self.level_days) : place]
        if len(before) < self.level_days:
            return None
        level = median(before)
        if self.is_log:
            return (math.log(level), 1.0) if level > 0 else None
        size = median(abs(value) for value in self.values[max(0, place - SCALE_DAYS) : place])
        return (level, size) if size > 0 else None

    def _raw(self, place: int) -> float | None:
        """How far a day lies from its level, its weekday not yet taken out; reckoned once, since each day is asked for by four."""
        if place not in self.raws:
            self.raws[place] = self._measured(place)
        return self.raws[place]

    def _measured(self, place: int) -> float | None:
        level = self._level(place)
        if level is None or not self.known[place]:
            return None
        value = self.values[place]
        if self.is_log:
            return (math.log(value) if value > 0 else -math.inf) - level[0]
        return (value - level[0]) / level[1]

    def day(self, place: int) -> float | None:
        raw, usual = self._raw(place), self.usual.get(self.weekdays[place])
        return None if raw is None or usual is None else raw - usual

    def three(self, place: int) -> float | None:
        return _three(self.day, place)

    def seen(self, place: int, days: int) -> float:
        return fmean(self.values[place - days + 1 : place + 1])

    def value(self, place: int, deviation: float, *, days: int = 1) -> float:
        # Each of three days lies as far from its own expectation as the mean of the three does.
        return fmean([self._value(one, deviation / math.sqrt(days)) for one in range(place - days + 1, place + 1)])

    def _value(self, place: int, deviation: float) -> float:
        level, size = self._level(place) or (0.0, 0.0)
        raw = deviation + self.usual.get(self.weekdays[place], 0.0)
        return math.exp(level + raw) if self.is_log else level + raw * size


class Stock(Total):
    """The same for what stays from day to day: the level is the day before, so that a deviation is what came and went on the day.

    Against a week these deviations would be sums of the same days over and over, of which a few weeks say next to nothing.
    """

    level_days = 1


FRAMES: dict[Kind, Callable[[Sequence[Point], int], Frame]] = {"share": Share, "level": Level, "total": Total, "stock": Stock}


def _three(day: Callable[[int], float | None], place: int) -> float | None:
    if place < 2:
        return None
    deviations = [day(one) for one in (place - 2, place - 1, place)]
    known = [deviation for deviation in deviations if deviation is not None]
    return sum(known) / ROOT_3 if len(known) == 3 else None
