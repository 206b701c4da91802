"""The A/A self-test: how often each method would have told of an effect where there was none, on the exchange's own figures.

The persons of an audience are parted at random again and again, as a campaign would part them, and every method reads each parting.
Nothing was done to anybody, so whatever a method finds is a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from springtide.analytics.evidence.answers import CannotTell, Effect, Interval
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.capping import Cap, cap_among, capped
from springtide.analytics.evidence.effects import adjusted_difference, difference
from springtide.analytics.evidence.sequences import always_valid, final
from springtide.analytics.evidence.skewness import corrected_p

NOMINAL: Final = 0.05
LOOKS: Final = 28
METHODS: Final = ("welch", "capped", "corrected", "adjusted", "daily", "always_valid")
OURS: Final = ("corrected", "adjusted", "always_valid")  # what a read-out decides by

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FalseAlarms:
    """How often one method told of an effect that was not there, upwards and downwards; `low` to `high` is what chance leaves open.

    welch          the plain test, once
    capped         the same on values capped at the pooled quantile
    corrected      the same with the skewness taken out: what a read-out says at the end of a window without looks
    adjusted       the same with the figure before assignment as covariate
    daily          the plain test at each of 28 looks, stopped at the first that says something
    always_valid   ours at each of 28 looks, and the final read-out
    """

    method: str
    is_ours: bool
    partings: int
    up: float
    down: float
    low: float
    high: float

    @property
    def rate(self) -> float:
        return self.up + self.down

    @property
    def holds(self) -> bool:
        """False where the rate is above the promised 5 % by more than chance."""
        return self.low <= NOMINAL


@dataclass(frozen=True)
class SelfTest:
    """Every method on one audience, metric and holdout; `active` persons have a figure at all."""

    persons: int
    held_out: int
    active: int
    cap: Cap
    methods: tuple[FalseAlarms, ...]


def self_test(
    y: ArrayLike,
    *,
    persons: int,
    holdout: float,
    x: ArrayLike | None = None,
    partings: int = 1_000,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SelfTest | CannotTell:
    """Part `persons` at random `partings` times, `holdout` of them held out.

    `y` are the figures of those who have any, and `x` theirs before; everybody else has 0 of both. At look k of 28 the first k
    twenty-eighths of each arm have come. Values are capped at the pooled quantile of everybody.
    Source of the method: Kohavi, Tang, Xu (2020), Trustworthy Online Controlled Experiments, chapter 19.
    """
    figures = np.asarray(y, dtype=np.float64)
    held = round(persons * holdout)
    if min(held, persons - held) < 2 or persons < len(figures):
        return CannotTell("too_small")
    if not figures.any():
        return CannotTell("no_variance")
    cap = cap_among(figures, persons=persons, smaller=min(held, persons - held))
    kept = capped(figures, cap)
    before = None if x is None else np.asarray(x, dtype=np.float64)
    alarms = {method: [0, 0] for method in METHODS if method != "adjusted" or before is not None}
    rng = np.random.default_rng(seed)
    for number in range(partings):
        is_held = _held(rng, len(figures), persons, held)
        for method, side in _read(rng, figures, kept, before, is_held, persons, held).items():
            if side:
                alarms[method][side < 0] += 1
        progress(number + 1, partings)
    told = (_told(method, up, down, partings) for method, (up, down) in alarms.items())
    return SelfTest(persons, held, len(figures), cap, tuple(told))


def _held(rng: np.random.Generator, active: int, persons: int, held: int) -> NDArray[np.bool_]:
    """Who of the active is held out, when exactly `held` of all persons are."""
    of_active = int(rng.hypergeometric(active, persons - active, held))
    is_held = np.zeros(active, dtype=bool)
    is_held[rng.choice(active, of_active, replace=False, shuffle=False)] = True
    return is_held


def _read(
    rng: np.random.Generator,
    raw: Floats,
    kept: Floats,
    before: Floats | None,
    is_held: NDArray[np.bool_],
    persons: int,
    held: int,
) -> dict[str, int]:
    """Method → 1 where it says up, −1 where it says down, 0 where it says nothing."""
    sizes = (persons - held, held)
    plain = difference(*_arms(raw, is_held, sizes))
    at_cap = difference(*_arms(kept, is_held, sizes))
    said = {
        "welch": _side(plain, _p(plain)),
        "capped": _side(at_cap, _p(at_cap)),
        "corrected": _side(at_cap, _p(at_cap, corrected_p)),
    }
    if before is not None:
        adjusted = adjusted_difference(*_arms(kept, is_held, sizes, before))
        said["adjusted"] = _side(adjusted, _p(adjusted, corrected_p))
    comes = rng.integers(1, LOOKS + 1, len(raw))
    said |= {"daily": 0, "always_valid": 0}
    for look, (of_raw, of_kept) in enumerate(
        zip(_looks(raw, is_held, comes, sizes), _looks(kept, is_held, comes, sizes), strict=True), 1
    ):
        daily, ours = difference(*of_raw), difference(*of_kept)
        said["daily"] = said["daily"] or _side(daily, _p(daily))
        if isinstance(ours, Effect):
            n = sum(arm.n for arm in of_kept)
            interval = always_valid(ours, n=n, n_control=of_kept[1].n, planned_n=persons)
            said["always_valid"] = said["always_valid"] or _outside(ours, interval)
            if look == LOOKS:
                said["always_valid"] = said["always_valid"] or _outside(ours, final(ours))
    return said


def _arms(values: Floats, is_held: NDArray[np.bool_], sizes: tuple[int, int], before: Floats | None = None) -> tuple[Arm, Arm]:
    arms = []
    for who, n in zip((~is_held, is_held), sizes, strict=True):
        arm = Arm.of(values[who], x=None if before is None else before[who])
        arms.append(arm + Arm(n - arm.n))  # who has no figure adds to nothing but the count
    return arms[0], arms[1]


def _looks(values: Floats, is_held: NDArray[np.bool_], comes: NDArray[Any], sizes: tuple[int, int]) -> list[tuple[Arm, Arm]]:
    """The arms at every look, from sums that grow."""
    by_arm = []
    for who, n in zip((~is_held, is_held), sizes, strict=True):
        came, of = comes[who], values[who]
        sums = [np.cumsum(np.bincount(came, of**power, LOOKS + 1))[1:] for power in (1, 2, 3)]
        least = np.cumsum(np.bincount(came, minlength=LOOKS + 1))[1:]
        counts = np.maximum(least, n * np.arange(1, LOOKS + 1) // LOOKS)
        by_arm.append([Arm(int(count), y=y, yy=yy, yyy=yyy) for count, y, yy, yyy in zip(counts, *sums, strict=True)])
    return list(zip(*by_arm, strict=True))


def _p(effect: Effect | CannotTell, p: Callable[[Effect], float] = lambda effect: effect.p) -> float:
    return p(effect) if isinstance(effect, Effect) else 1.0


def _side(effect: Effect | CannotTell, p: float) -> int:
    return 0 if p >= NOMINAL or isinstance(effect, CannotTell) else 1 if effect.difference > 0 else -1


def _outside(effect: Effect, interval: Interval | CannotTell) -> int:
    if isinstance(interval, CannotTell) or not interval.excludes(0.0):
        return 0
    return 1 if effect.difference > 0 else -1


def _told(method: str, up: int, down: int, partings: int) -> FalseAlarms:
    chance = stats.binomtest(up + down, partings).proportion_ci(method="wilson")
    return FalseAlarms(method, method in OURS, partings, up / partings, down / partings, float(chance.low), float(chance.high))
