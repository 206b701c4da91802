"""What every statistic answers with: an estimate with its interval, or why it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, Final

WHY: Final = {
    "empty_arm": "An arm has nobody in it.",
    "too_few": "An arm has fewer than two persons.",
    "no_variance": "Everybody has the same value, so chance cannot be judged.",
    "no_denominator": "The denominator adds up to zero.",
    "no_baseline": "The control's mean is zero, so a relative effect has no meaning.",
    "no_reward": "No reward was paid, so there is no return on it.",
    "no_runs": "Nothing was measured yet.",
    "weights": "The shares of the arms are not known.",
    "too_small": "Too few persons to plan with.",
}


@dataclass(frozen=True)
class CannotTell:
    """An estimate that cannot be made. It is never a zero and never p = 1."""

    code: str

    @property
    def message(self) -> str:
        return WHY[self.code]


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`; an end that is infinite leaves that side open."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        return value < self.low or value > self.high


@dataclass(frozen=True)
class Effect:
    """A difference treated minus control, in the outcome's unit per person assigned.

    `se` is its standard error, `df` the degrees of freedom of its t, `p` two-sided. `control_mean` is unadjusted: a relative effect
    divides by it. `skewness` is that of the estimate: 0 where the arms balance each other, or where it is not known.
    """

    difference: float
    se: float
    df: float
    interval: Interval
    p: float
    control_mean: float
    treated_mean: float
    level: float
    skewness: float = 0.0

    @property
    def relative(self) -> float | None:
        """The difference as a share of the control's mean; null where that is zero."""
        return self.difference / self.control_mean if self.control_mean else None

    @property
    def relative_interval(self) -> Interval | None:
        """The interval as shares of the control's mean, taken as known."""
        if not self.control_mean:
            return None
        ends = sorted((self.interval.low / self.control_mean, self.interval.high / self.control_mean))
        return Interval(*ends)


_ALSO = ("verdict", "rate", "holds", "relative", "is_ranked", "is_determined")  # what an answer says besides its fields


def plain(value: Any) -> Any:
    """An answer as JSON takes it: what cannot be told is `{"cannot_tell": code, "message": …}`, an open end is null."""
    if isinstance(value, CannotTell):
        return {"cannot_tell": value.code, "message": value.message}
    if is_dataclass(value) and not isinstance(value, type):
        also = [name for name in _ALSO if isinstance(getattr(type(value), name, None), property)]
        return {name: plain(getattr(value, name)) for name in (*(field.name for field in fields(value)), *also)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, date) else value
