"""Skew outcomes and a small holdout: a test and an interval whose two sides err alike.

Fees stay skewed after the cap. A control that drew few large accounts has a low mean and a small variance at once, so Welch's t strays
upwards: without an effect it says "fees went up" four times as often as "fees went down".
"""

from __future__ import annotations

import math

from scipy import stats

from springtide.analytics.evidence.answers import Effect, Interval


def corrected_p(effect: Effect) -> float:
    """The two-sided p of an effect after Hall's transformation of its t; that of Welch where nothing is skewed."""
    return 2 * float(stats.t.sf(abs(_transformed(effect.difference / effect.se, effect.skewness)), effect.df))


def corrected_interval(effect: Effect, *, level: float = 0.95) -> Interval:
    """The two-sided interval with the skewness of the difference taken out, by the inverse of Hall's transformation.

    T = (estimate − effect) ÷ SE has P(T ≤ x) ≈ Φ(x) + A (2x² + 1) φ(x) ÷ 6, where A is the skewness of the difference of means.
    g(T) = T + A T² ÷ 3 + A² T³ ÷ 27 + A ÷ 6 is monotone and free of that term, and Student's t gives its quantiles.
    Source: Hall (1992), JRSS B 54, 221-228, equation 2.5; for two samples Zhou, Dinh (2005), Biostatistics 6, 187-200, section 3.
    """
    reach = float(stats.t.ppf((1 + level) / 2, effect.df))
    low, high = (_inverse(end, effect.skewness) for end in (-reach, reach))
    return Interval(effect.difference - effect.se * high, effect.difference - effect.se * low)


def _transformed(t: float, skewness: float) -> float:
    return t + skewness * t * t / 3 + skewness**2 * t**3 / 27 + skewness / 6


def _inverse(q: float, skewness: float) -> float:
    if abs(skewness) < 1e-9:
        return q
    return 3 / skewness * (math.cbrt(1 + skewness * (q - skewness / 6)) - 1)
