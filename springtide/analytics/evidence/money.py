"""What a campaign earned: revenue that it caused, less what it cost, with intervals on both, and on their ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from springtide.analytics.evidence.answers import CannotTell, Interval
from springtide.analytics.evidence.arms import Arm


@dataclass(frozen=True)
class Roi:
    """Incremental margin ÷ cost − 1 with Fieller's interval.

    `shape`: `bounded` has both ends; `unbounded` and `everything` mean that the cost is not far enough from zero: ROI is not determined.
    """

    value: float
    interval: Interval
    shape: Literal["bounded", "unbounded", "everything"]

    @property
    def is_determined(self) -> bool:
        return self.shape == "bounded"


@dataclass(frozen=True)
class Money:
    """In USDT over everybody treated. `break_even` is the reward a person at which the profit would be zero."""

    incremental: float
    incremental_interval: Interval
    cost: float
    profit: float
    profit_interval: Interval
    probability_of_profit: float
    roi: Roi | CannotTell
    break_even: float


def money(
    treated: Arm, control: Arm, *, margin: float = 1.0, fixed_cost: float = 0.0, level: float = 0.95
) -> Money | CannotTell:
    """The money of a campaign, from sums of net revenue y and rewards actually paid r, per person assigned.

    incremental = n_T · g · (ȳ_T − ȳ_C), cost = n_T · r̄_T + F, profit = incremental − cost. Rewards are paid to those who trade, so
    y and r go together: the profit's variance has their covariance in it. Normal approximation at `level`.
    """
    least = min(treated.n, control.n)
    if least < 2:
        return CannotTell("empty_arm" if least == 0 else "too_few")
    n, gap = treated.n, treated.mean() - control.mean()
    variance_gap = margin**2 * (treated.var() / treated.n + control.var() / control.n)
    variance_cost = treated.var("r") / treated.n
    covariance = margin * treated.cov("y", "r") / treated.n
    gain, cost = margin * gap, treated.mean("r") + fixed_cost / n  # a person
    variance_profit = max(0.0, variance_gap + variance_cost - 2 * covariance)
    if variance_gap <= 0:
        return CannotTell("no_variance")
    z = float(stats.norm.ppf((1 + level) / 2))
    profit = n * (gain - cost)
    half_gain, half_profit = n * z * math.sqrt(variance_gap), n * z * math.sqrt(variance_profit)
    return Money(
        n * gain,
        Interval(n * gain - half_gain, n * gain + half_gain),
        n * cost,
        profit,
        Interval(profit - half_profit, profit + half_profit),
        float(stats.norm.cdf(profit / (n * math.sqrt(variance_profit)))) if variance_profit else float(profit > 0),
        fieller(gain, cost, variance_gap, variance_cost, covariance, z=z) if cost > 0 else CannotTell("no_reward"),
        gain - fixed_cost / n,
    )


def fieller(a: float, b: float, var_a: float, var_b: float, cov: float, *, z: float) -> Roi:
    """a ÷ b − 1 with the interval of all ratios ρ that a test of a − ρb = 0 does not reject.

    Source: Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185, section 3: the roots of
    (b² − z² v_b) ρ² − 2 (ab − z² c) ρ + (a² − z² v_a) = 0. Where b is not z standard errors from zero the set is no interval.
    """
    square = z * z
    lead, middle, end = b * b - square * var_b, a * b - square * cov, a * a - square * var_a
    root = middle * middle - lead * end
    if lead > 0:  # then the roots are real
        half = math.sqrt(max(0.0, root))
        return Roi(a / b - 1, Interval((middle - half) / lead - 1, (middle + half) / lead - 1), "bounded")
    shape: Literal["unbounded", "everything"] = "unbounded" if root > 0 else "everything"
    return Roi(a / b - 1, Interval(-math.inf, math.inf), shape)
