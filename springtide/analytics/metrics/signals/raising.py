"""From charts to signals: one for a break, however many days it shows, and none for the strays of many metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from springtide.analytics.metrics.signals.charts import Chart, ChartPoint, Judged, Rule
from springtide.analytics.metrics.signals.discovery import benjamini_hochberg
from springtide.analytics.metrics.signals.series import Kind
from springtide.kernel.estimates import NotEstimable

FALSE_RATE = 0.10  # share of the signals of a day that may be strays
QUIET_DAYS = 14  # inside the limits end a signal; what comes later is another


@dataclass(frozen=True)
class Signal:
    """A metric that broke out of what was usual, from the day on which it was seen.

    value, expected, low, high    on the first day; of the rule `three_days` means of that day and the two before
    size_ratio                    (value − expected) ÷ |expected|; null where nothing was expected
    last_day, days                the last day on which a rule fired, and on how many it did
    """

    metric: str
    group: str | None
    day: date
    kind: Kind
    rule: Rule
    direction: Literal["up", "down"]
    value: float
    expected: float
    low: float
    high: float
    size_ratio: float | None
    p_value: float
    last_day: date
    days: int
    baseline_since: date
    baseline_until: date
    is_frozen: bool

    @property
    def key(self) -> str:
        """What acknowledgements name: `first_trade_24h · channel=ads · 2026-03-04 · down`."""
        return " · ".join(filter(None, (self.metric, self.group, str(self.day), self.direction)))


def raise_signals(charts: Iterable[Chart | NotEstimable], *, rate: float = FALSE_RATE) -> tuple[Signal, ...]:
    """The signals of charts, oldest first; what could not be charted raises none.

    A day counts when a rule fired on it and its p-value stands up to those of its family on the same day. Days of one series and one
    direction that are no more than 14 days apart are one signal.
    """
    drawn = [one for one in charts if isinstance(one, Chart)]
    believed = _believed(drawn, rate)
    signals: list[Signal] = []
    for one in drawn:
        open_: dict[str, Signal] = {}
        for row in one.rows:
            if row.rule is None or (one.metric, one.group, row.day) not in believed:
                continue
            judged = next(each for each in row.judged if each.rule == row.rule)
            direction: Literal["up", "down"] = "up" if judged.value > judged.expected else "down"
            was = open_.get(direction)
            if was and row.day - was.last_day <= timedelta(days=QUIET_DAYS):
                open_[direction] = replace(was, last_day=row.day, days=was.days + 1)
                continue
            if was:
                signals.append(was)
            open_[direction] = _signal(one, row, judged, direction)
        signals += open_.values()
    return tuple(sorted(signals, key=lambda signal: (signal.day, signal.metric, signal.group or "", signal.direction)))


def _believed(charts: Iterable[Chart], rate: float) -> set[tuple[str, str | None, date]]:
    """The days of series that stand up to the others of their family on the day."""
    looks: dict[tuple[str, date], list[tuple[str, str | None, float]]] = {}
    for one in charts:
        for row in one.rows:
            if row.p_value is not None:
                looks.setdefault((one.family, row.day), []).append((one.metric, one.group, row.p_value))
    return {
        (metric, group, day)
        for (_, day), seen in looks.items()
        for (metric, group, _), is_real in zip(seen, benjamini_hochberg([p for *_, p in seen], rate=rate), strict=True)
        if is_real
    }


def _signal(of: Chart, row: ChartPoint, judged: Judged, direction: Literal["up", "down"]) -> Signal:
    off, baseline = judged.value - judged.expected, row.baseline or of.baseline
    return Signal(
        metric=of.metric,
        group=of.group,
        day=row.day,
        kind=of.kind,
        rule=judged.rule,
        direction=direction,
        value=judged.value,
        expected=judged.expected,
        low=judged.low,
        high=judged.high,
        size_ratio=off / abs(judged.expected) if judged.expected else None,
        p_value=judged.p_value,
        last_day=row.day,
        days=1,
        baseline_since=baseline.since,
        baseline_until=baseline.until,
        is_frozen=baseline.is_frozen,
    )
