"""Before launch: what could be detected at the real sizes, and how many persons an effect needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, stats

from springtide.analytics.evidence.answers import CannotTell


@dataclass(frozen=True)
class Plan:
    """A two-sided Welch test at `alpha`: with these sizes it finds a difference of `detectable` with probability `power`."""

    n_treated: int
    n_control: int
    alpha: float
    power: float
    detectable: float


def detectable_effect(
    *, sd: float, n_treated: int, n_control: int, alpha: float = 0.05, power: float = 0.8, explained: float = 0.0
) -> Plan | CannotTell:
    """The smallest difference of means that is found with probability `power`, in the outcome's unit.

    `sd` is that of the capped outcome over one person; `explained`, from 0 to 1, is the share of variance that a covariate takes out.
    The exact noncentral t, with the arms' own sizes: at a 10 % holdout the control decides.
    Source: Cohen (1988), Statistical Power Analysis, chapter 2; solved for the effect.
    """
    if min(n_treated, n_control) < 2 or _left(sd, explained) <= 0:
        return CannotTell("too_small" if _left(sd, explained) > 0 else "no_variance")
    unit = sd * math.sqrt((1 - explained) * (1 / n_treated + 1 / n_control))

    def lacking(shift: float) -> float:
        return power_of(shift, n_treated + n_control - 2, alpha) - power

    widest = float(stats.t.ppf(1 - alpha / 2, n_treated + n_control - 2)) + 8.0  # eight more standard errors leave no doubt
    shift = float(optimize.brentq(lacking, 1e-9, widest, xtol=1e-12))
    return Plan(n_treated, n_control, alpha, power, shift * unit)


def power_of(shift: float, df: float, alpha: float) -> float:
    """The probability that a two-sided t test at `alpha` rejects, when the true effect is `shift` standard errors."""
    edge = float(stats.t.ppf(1 - alpha / 2, df))
    wrong_side = float(stats.nct.cdf(-edge, df, shift))
    return float(stats.nct.sf(edge, df, shift)) + (
        wrong_side if wrong_side > 0 else 0.0
    )  # far out it is too small to be told, and NaN


def persons_needed(
    *, difference: float, sd: float, holdout: float, alpha: float = 0.05, power: float = 0.8, explained: float = 0.0
) -> int | CannotTell:
    """How many persons in all, of whom the share `holdout` is held out, find `difference` with probability `power`."""
    if not 0 < holdout < 1 or _left(sd, explained) <= 0 or difference == 0:
        return CannotTell("weights" if _left(sd, explained) > 0 and difference else "no_variance")

    def power_at(n: float) -> float:
        se = sd * math.sqrt((1 - explained) / n * (1 / (1 - holdout) + 1 / holdout))
        return power_of(abs(difference) / se, max(2.0, n - 2), alpha) - power

    high = 16.0
    while power_at(high) < 0:
        high *= 2
        if high > 1e12:
            return CannotTell("too_small")
    return math.ceil(float(optimize.brentq(power_at, 4.0, high))) if power_at(4.0) < 0 else 4


def _left(sd: float, explained: float) -> float:
    """The variance that a covariate leaves; what is within the last digits of nothing is nothing."""
    return sd * sd * (1 - explained) if explained < 1 - 1e-12 else 0.0
