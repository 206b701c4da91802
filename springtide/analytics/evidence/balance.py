"""Are the arms as large as they were meant to be? If not, something after the draw chose who counts, and no effect can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from scipy import stats

from springtide.analytics.evidence.answers import CannotTell

BLOCKS, WARNS = 0.001, 0.01
Stage = Literal["audience", "dispatch", "outcome"]


@dataclass(frozen=True)
class Balance:
    """The sample-ratio check of one stage. `verdict`: ok, warn (p from 0.001 to 0.01) or block (below 0.001)."""

    stage: Stage
    seen: Mapping[str, int]
    expected: Mapping[str, float]
    chi_square: float
    p: float
    is_assumed: bool = False  # nobody said the weights: those that the sizes come near to

    @property
    def verdict(self) -> Literal["ok", "warn", "block"]:
        return "block" if self.p < BLOCKS else "warn" if self.p < WARNS else "ok"


def balance(seen: Mapping[str, int], weights: Mapping[str, float], *, stage: Stage = "audience") -> Balance | CannotTell:
    """Pearson's chi-square of the arms' sizes against their weights.

    Source: Fabijan et al. (2019), KDD, 2156-2164: a sample-ratio mismatch invalidates the experiment, whatever its effect.
    """
    total, share = sum(seen.values()), sum(weights.values())
    if not total:
        return CannotTell("empty_arm")
    if seen.keys() != weights.keys() or min(weights.values()) <= 0 or len(seen) < 2:
        return CannotTell("weights")
    expected = {arm: total * weight / share for arm, weight in weights.items()}
    chi_square = sum((seen[arm] - expected[arm]) ** 2 / expected[arm] for arm in seen)
    return Balance(stage, dict(seen), expected, chi_square, float(stats.chi2.sf(chi_square, len(seen) - 1)))


def balance_unsaid(seen: Mapping[str, int], *, stage: Stage = "outcome") -> Balance | CannotTell:
    """The same where nobody said the weights: equal ones where the arms are within a fifth of that, else shares of whole percents.

    Whole percents that the sizes contradict were not meant either: then the balance cannot be told.
    """
    everybody = sum(seen.values())
    if not everybody or len(seen) < 2:
        return CannotTell("empty_arm" if not everybody else "weights")
    equal = everybody / len(seen)
    if all(abs(n - equal) <= 0.2 * equal for n in seen.values()):
        found = balance(seen, dict.fromkeys(seen, 1.0), stage=stage)
    else:
        found = balance(seen, {arm: round(100 * n / everybody) for arm, n in seen.items()}, stage=stage)
        if isinstance(found, Balance) and found.verdict != "ok":
            return CannotTell("weights")
    return found if isinstance(found, CannotTell) else replace(found, is_assumed=True)
