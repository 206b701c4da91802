"""The difference between two arms: means (Welch), adjusted by a covariate (CUPED), and ratios of sums (delta method)."""

from __future__ import annotations

import math

from scipy import stats

from springtide.analytics.evidence.answers import CannotTell, Effect, Interval
from springtide.analytics.evidence.arms import Arm, total


def difference(treated: Arm, control: Arm, *, level: float = 0.95) -> Effect | CannotTell:
    """Mean outcome per person assigned, treated minus control, with a two-sided Welch interval.

    A proportion is the mean of zeros and ones. The unit is the outcome's own.
    Source: Welch (1947), Biometrika 34, 28-35; degrees of freedom by Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
    """
    if problem := _unusable(treated, control):
        return problem
    return _welch(
        treated.mean(), control.mean(), treated.var() / treated.n, control.var() / control.n, treated.n, control.n,
        control_mean=control.mean(), level=level, thirds=(treated.third(), control.third()),
    )  # fmt: skip


def adjusted_difference(treated: Arm, control: Arm, *, level: float = 0.95) -> Effect | CannotTell:
    """The same with the covariate's share of the variance taken out (CUPED): θ = cov(y, x) ÷ var(x), pooled over the arms.

    The covariate is known before assignment, so its mean differs between arms by chance alone. `control_mean` stays unadjusted.
    Source: Deng, Xu, Kohavi, Walker (2013), WSDM, 123-132, equations 4 and 5.
    """
    if problem := _unusable(treated, control):
        return problem
    theta = slope(treated, control)
    if theta == 0.0:
        return difference(treated, control, level=level)
    everybody = total((treated, control))
    means, variances = [], []
    thirds = treated.third(theta), control.third(theta)
    for arm in (treated, control):
        means.append(arm.mean() - theta * (arm.mean("x") - everybody.mean("x")))
        variances.append(max(0.0, arm.var() - 2 * theta * arm.cov("x", "y") + theta**2 * arm.var("x")) / arm.n)
    return _welch(
        means[0], means[1], variances[0], variances[1], treated.n, control.n,
        control_mean=control.mean(), level=level, thirds=thirds,
    )  # fmt: skip


def slope(treated: Arm, control: Arm) -> float:
    """θ of CUPED, within arms and pooled: Σ (n − 1) cov(x, y) ÷ Σ (n − 1) var(x); 0 where the covariate says nothing."""
    weights = [(arm, arm.n - 1) for arm in (treated, control)]
    spread = sum(weight * arm.var("x") for arm, weight in weights)
    return sum(weight * arm.cov("x", "y") for arm, weight in weights) / spread if spread > 0 else 0.0


def ratio_difference(treated: Arm, control: Arm, *, level: float = 0.95) -> Effect | CannotTell:
    """Σ y ÷ Σ d, treated minus control: a ratio of two things that a person has several of, such as fees per trade.

    Variance of a ratio by the delta method: (v_y − 2 R cov(y, d) + R² v_d) ÷ (n D²), with R the ratio and D the mean of d.
    Source: Deng, Knoblich, Lu (2018), KDD, 233-242, equation 5; the same as v_M/D² − 2 M cov/D³ + M² v_D/D⁴ with M = R·D.
    """
    if problem := _unusable(treated, control):
        return problem
    if not (treated.d and control.d):
        return CannotTell("no_denominator")
    ratios, variances = [], []
    for arm in (treated, control):
        ratio, mean = arm.y / arm.d, arm.mean("d")
        ratios.append(ratio)
        variances.append(max(0.0, arm.var() - 2 * ratio * arm.cov("y", "d") + ratio**2 * arm.var("d")) / (arm.n * mean**2))
    return _welch(ratios[0], ratios[1], variances[0], variances[1], treated.n, control.n, control_mean=ratios[1], level=level)


def _unusable(treated: Arm, control: Arm) -> CannotTell | None:
    least = min(treated.n, control.n)
    return None if least > 1 else CannotTell("empty_arm" if least == 0 else "too_few")


def _welch(
    mean_t: float,
    mean_c: float,
    var_t: float,
    var_c: float,
    n_t: int,
    n_c: int,
    *,
    control_mean: float,
    level: float,
    thirds: tuple[float, float] = (0.0, 0.0),
) -> Effect | CannotTell:
    """`var_t` and `var_c` are the variances of the means, `thirds` the third central moments of the values."""
    variance = var_t + var_c
    if variance <= 0:
        return CannotTell("no_variance")
    se = math.sqrt(variance)
    df = variance**2 / (var_t**2 / (n_t - 1) + var_c**2 / (n_c - 1))
    gap = mean_t - mean_c
    half = se * float(stats.t.ppf((1 + level) / 2, df))
    p = 2 * float(stats.t.sf(abs(gap) / se, df))
    skewness = (thirds[0] / n_t**2 - thirds[1] / n_c**2) / se**3
    return Effect(gap, se, df, Interval(gap - half, gap + half), p, control_mean, mean_t, level, skewness)
