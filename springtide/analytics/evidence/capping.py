"""Heavy tails: one quantile over both arms together, above which a value counts as the quantile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGE_ARM = 5_000  # persons in the smaller arm from which the gentler cap is safe
GENTLE, FIRM = 0.999, 0.99


@dataclass(frozen=True)
class Cap:
    """The cap that was used, and what it took: `removed_share` of the arms' sum, from `capped` persons."""

    quantile: float
    value: float
    capped: int
    removed_share: float


@dataclass(frozen=True)
class Mover:
    """An account that alone moves the result: without it the difference of means would be `difference_without`."""

    person: str
    arm: str
    value: float
    difference_without: float


def cap_quantile(smaller_arm: int) -> float:
    """p99.9 where the smaller arm has 5,000 persons or more, else p99: below, one large account decides the test."""
    return GENTLE if smaller_arm >= LARGE_ARM else FIRM


def pooled_cap(values: Mapping[str, ArrayLike]) -> Cap:
    """The cap of these arms' outcomes, taken over all of them together: a cap per arm would hide an effect in the tail.

    Nearest rank, as the engine takes it: the ⌈q·n⌉-th smallest value. Values of zero count. A yes or no has no tail, and a quantile of
    nothing would take all: there the cap is the largest value, and takes nothing.
    """
    arms = {arm: np.asarray(given, dtype=np.float64) for arm, given in values.items()}
    everybody = np.sort(np.concatenate(list(arms.values())))
    quantile = cap_quantile(min(len(arm) for arm in arms.values()))
    value, largest = float(everybody[ceil(quantile * len(everybody)) - 1]), float(everybody[-1])
    if value <= 0 or largest <= 1:
        value = largest
    over = everybody[everybody > value]
    whole = float(np.abs(everybody).sum())
    return Cap(quantile, value, len(over), float((over - value).sum()) / whole if whole else 0.0)


def cap_among(figures: ArrayLike, *, persons: int, smaller: int) -> Cap:
    """The pooled cap of `persons`, the smaller arm of whom has `smaller`; those without a figure are not listed, and have 0."""
    given = np.asarray(figures, dtype=np.float64)
    everybody = np.concatenate([given, np.zeros(persons - len(given))])
    return pooled_cap({"smaller": everybody[:smaller], "larger": everybody[smaller:]})


def capped(values: ArrayLike, cap: Cap) -> NDArray[np.float64]:
    """The outcomes with what lies above the cap set to it."""
    return np.minimum(np.asarray(values, dtype=np.float64), cap.value)


def movers(
    persons: Mapping[str, Sequence[str]], values: Mapping[str, ArrayLike], *, treated: str, control: str, most: int = 5
) -> list[Mover]:
    """The accounts whose leaving would change the difference of means most, the strongest first.

    Only those whose leaving changes it by more than a tenth of its standard error are named.
    """
    arms = {arm: np.asarray(given, dtype=np.float64) for arm, given in values.items()}
    means = {arm: float(arms[arm].mean()) for arm in (treated, control)}
    gap = means[treated] - means[control]
    se = float(np.sqrt(sum(arms[arm].var(ddof=1) / len(arms[arm]) for arm in (treated, control))))
    found = []
    for arm, sign in ((treated, 1), (control, -1)):
        given = arms[arm]
        shift = sign * (means[arm] - given) / (len(given) - 1)  # how the gap changes when one person leaves
        strongest = [at for at in np.argsort(-np.abs(shift))[:most] if abs(shift[at]) > se / 10]
        found += [Mover(persons[arm][at], arm, float(given[at]), gap + float(shift[at])) for at in strongest]
    return sorted(found, key=lambda one: -abs(one.difference_without - gap))[:most]
