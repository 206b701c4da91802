"""What repeated runs say together: random effects, each run's shrunken effect, and where the next run may land."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from springtide.analytics.evidence.answers import CannotTell, Interval


@dataclass(frozen=True)
class Pooled:
    """θ_k ~ N(μ, τ²). `shrunken` are the runs' effects drawn towards μ, each with its interval; `next_run` holds that of a new one."""

    runs: int
    mean: float
    se: float
    interval: Interval
    tau: float
    shrunken: tuple[tuple[float, Interval], ...]
    next_run: Interval | CannotTell


def pooled(effects: Sequence[float], variances: Sequence[float], *, level: float = 0.95) -> Pooled | CannotTell:
    """Pool runs with effects y_k and variances v_k.

    τ² by the moments of DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188, truncated at 0. Shrunken effects are the
    normal posterior means (y_k τ² + μ v_k) ÷ (τ² + v_k). The next run: t with k − 2 degrees of freedom on √(τ² + se²), after Higgins,
    Thompson, Spiegelhalter (2009), JRSS A 172, 137-159, section 4.1; it takes three runs.
    """
    if not effects:
        return CannotTell("no_runs")
    if min(variances) <= 0:
        return CannotTell("no_variance")
    k = len(effects)
    weights = [1 / v for v in variances]
    fixed = _mean(effects, weights)
    heterogeneity = sum(w * (y - fixed) ** 2 for y, w in zip(effects, weights, strict=True))
    spread = sum(weights) - sum(w * w for w in weights) / sum(weights)
    tau_squared = max(0.0, (heterogeneity - (k - 1)) / spread) if spread > 0 else 0.0
    weights = [1 / (v + tau_squared) for v in variances]
    mean, se = _mean(effects, weights), math.sqrt(1 / sum(weights))
    z = float(stats.norm.ppf((1 + level) / 2))
    shrunken = tuple(_shrunken(y, v, mean, se, tau_squared, z) for y, v in zip(effects, variances, strict=True))
    following: Interval | CannotTell = CannotTell("too_few")
    if k >= 3:
        half = float(stats.t.ppf((1 + level) / 2, k - 2)) * math.sqrt(tau_squared + se**2)
        following = Interval(mean - half, mean + half)
    return Pooled(k, mean, se, Interval(mean - z * se, mean + z * se), math.sqrt(tau_squared), shrunken, following)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _shrunken(y: float, v: float, mean: float, se: float, tau_squared: float, z: float) -> tuple[float, Interval]:
    keep = tau_squared / (tau_squared + v)
    middle = mean + keep * (y - mean)
    half = z * math.sqrt(keep * v + (1 - keep) ** 2 * se**2)  # the mean is estimated too (Morris 1983)
    return middle, Interval(middle - half, middle + half)
