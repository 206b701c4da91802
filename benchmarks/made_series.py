"""Made-up series: what happens on ordinary days, with weekdays, growth, heavy tails and regimes, and what is planted in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from springtide.analytics.metrics.signals import Point, Series

FIRST = date(2026, 1, 5)  # a Monday
WEEK = (1.0, 1.05, 1.0, 0.95, 1.1, 0.7, 0.6)  # what a weekday does to a total


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def shares(
    draw: Random, days: int, *, share: Callable[[int], float] = lambda _: 0.4, base: int = 500, metric: str = "share"
) -> Series:
    """Counted people of `base` a day and more (on Tuesdays more than on Sundays), each by their own coin."""
    points = []
    for number in range(days):
        people = round(base * WEEK[number % 7] / WEEK[6])
        chance = share(number)
        points.append(Point(day(number), sum(draw.random() < chance for _ in range(people)), people))
    return Series(metric, "share", tuple(points))


def totals(draw: Random, days: int, *, tail: str = "normal", growth: float = 0.01, metric: str = "total") -> Series:
    """A sum that grows by `growth` a day in quiet times, by weekdays, in regimes of a month with their own mood, with noise of 8 %."""
    points, level, mood = [], 1000.0, 0.0
    for number in range(days):
        if number % 30 == 0:
            mood = draw.choice([-growth, 0.0, growth])  # the market turns
        level *= math.exp(growth + mood)
        noise = {"normal": draw.gauss(0, 1), "heavy": heavy(draw)}[tail]
        points.append(Point(day(number), level * WEEK[number % 7] * math.exp(0.08 * noise)))
    return Series(metric, "total", tuple(points))


def levels(draw: Random, days: int, *, tail: str = "normal", metric: str = "level") -> Series:
    """A ratio of money that has no reason to grow."""
    noise = [heavy(draw) if tail == "heavy" else draw.gauss(0, 1) for _ in range(days)]
    return Series(metric, "level", tuple(Point(day(number), 20 * (1 + 0.05 * one), 1000) for number, one in enumerate(noise)))


def stocks(draw: Random, days: int, *, metric: str = "stock") -> Series:
    """The people of a stratum among ten thousand: they come and go a little every day, more on Mondays, and the rest stays."""
    points, people = [], 3000.0
    for number in range(days):
        people *= math.exp(0.001 + 0.004 * (number % 7 == 0) + 0.003 * draw.gauss(0, 1))
        points.append(Point(day(number), round(people), 100_000))
    return Series(metric, "stock", tuple(points))


def heavy(draw: Random) -> float:
    """Student's t with three degrees of freedom: one day in a hundred lies beyond 4.5."""
    return draw.gauss(0, 1) / math.sqrt(sum(draw.gauss(0, 1) ** 2 for _ in range(3)) / 3)
