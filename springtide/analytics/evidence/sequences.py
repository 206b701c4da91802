"""Looking every day without being fooled: an interval that holds at every look at once."""

from __future__ import annotations

import math

from springtide.analytics.evidence.answers import CannotTell, Effect, Interval
from springtide.analytics.evidence.skewness import corrected_interval

RUNNING_ALPHA = 0.01  # what all looks while the campaign runs may spend together
FINAL_ALPHA = 0.04  # what the read-out at the end may spend; both together stay within 5 %
LEAST_CONTROL = 500  # below, the asymptotics do not hold yet


def always_valid(
    effect: Effect, *, n: int, n_control: int, planned_n: int, alpha: float = RUNNING_ALPHA
) -> Interval | CannotTell:
    """The asymptotic confidence sequence around an effect, after `n` persons of `planned_n`.

    With probability 1 − alpha it holds the true effect at all looks together, as the arms grow. s² = n·SE²;
    half-width = √(s² · 2(nρ² + 1) ÷ (nρ)² · ln(√(nρ² + 1) ÷ alpha)), where ρ makes it tightest at the planned size:
    ρ = √((−2 ln alpha + ln(1 − 2 ln alpha)) ÷ N*).
    Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory", arXiv 2103.06476, theorem 2.2 with
    the choice of ρ in appendix B.2 (two-sided: the boundary is already two-sided, alpha is not halved).
    """
    if n_control < LEAST_CONTROL:
        return CannotTell("too_small")
    half = _half_width(effect.se, n, planned_n, alpha)
    return Interval(effect.difference - half, effect.difference + half)


def always_valid_one_sided(
    effect: Effect, *, n: int, n_control: int, planned_n: int, alpha: float = RUNNING_ALPHA, harm: str = "below"
) -> Interval | CannotTell:
    """For a guardrail: the bound beyond which harm is shown, at all looks together; the other side is open.

    `harm` is the side that hurts: `below` gives an upper bound, `above` a lower one. One side of the two-sided boundary at 2·alpha.
    """
    if n_control < LEAST_CONTROL:
        return CannotTell("too_small")
    half = _half_width(effect.se, n, planned_n, 2 * alpha)
    if harm == "below":
        return Interval(-math.inf, effect.difference + half)
    return Interval(effect.difference - half, math.inf)


def final(effect: Effect, *, alpha: float = FINAL_ALPHA) -> Interval:
    """The interval of the read-out at the end of the window, at what the running looks have left of the 5 %; see `corrected_interval`."""
    return corrected_interval(effect, level=1 - alpha)


def _half_width(se: float, n: int, planned_n: int, alpha: float) -> float:
    rho_squared = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / planned_n
    reach = n * rho_squared + 1
    variance = n * se**2
    return math.sqrt(variance * 2 * reach / (n**2 * rho_squared) * math.log(math.sqrt(reach) / alpha))
