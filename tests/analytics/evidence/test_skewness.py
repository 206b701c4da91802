"""Skew outcomes and a small holdout: both sides of a test err alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from springtide.analytics.evidence.answers import Effect, Interval
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.capping import capped, pooled_cap
from springtide.analytics.evidence.effects import adjusted_difference, difference, slope
from springtide.analytics.evidence.skewness import corrected_interval, corrected_p


def _effect(t, skewness):
    return Effect(t, 1.0, 1e9, Interval(t - 2, t + 2), 1.0, 1.0, 1.0, 0.95, skewness)


def test_the_correction_by_hand():
    """A = -0.3, t = 2.2: 2.2 - 0.484 + 0.03549 - 0.05 = 1.70149, whose two-sided p on the normal is 0.0888; Welch's would be 0.0278."""
    assert corrected_p(_effect(2.2, -0.3)) == pytest.approx(0.08885, abs=1e-4)


def test_without_skewness_it_is_welch():
    assert corrected_interval(_effect(1.0, 0.0)).high == pytest.approx(1.0 + 1.959964, abs=1e-5)
    assert corrected_p(_effect(1.959964, 0.0)) == pytest.approx(0.05, abs=1e-6)


@given(st.floats(-4, 4), st.floats(-0.6, 0.6))
def test_the_interval_excludes_zero_just_where_p_is_below_five_percent(t, skewness):
    effect = _effect(t, skewness)
    p = corrected_p(effect)
    if abs(p - 0.05) > 1e-6:
        assert corrected_interval(effect).excludes(0.0) == (p < 0.05)


@settings(max_examples=30)
@given(st.integers(5, 60), st.integers(0, 10_000))
def test_third_moments_of_sums_are_those_of_the_values(n, seed):
    rng = np.random.default_rng(seed)
    y, x = rng.lognormal(0, 1, n), rng.lognormal(0, 1, n)
    arm, theta = Arm.of(y, x=x), 0.7
    for values, third in ((y, arm.third()), (y - theta * x, arm.third(theta))):
        assert third == pytest.approx(
            stats.skew(values) * values.std() ** 3, rel=1e-6, abs=1e-9 * float(np.abs(values).max()) ** 3
        )


def test_the_skewness_of_a_difference_is_that_of_its_draws():
    """Means of 40 and of 10 exponentials: third moments 2 ÷ 40² − 2 ÷ 10² over (1 ÷ 40 + 1 ÷ 10)^1.5 = −0.4243."""
    rng = np.random.default_rng(4)
    drawn = rng.exponential(1, (200_000, 40)).mean(axis=1) - rng.exponential(1, (200_000, 10)).mean(axis=1)
    assert stats.skew(drawn) == pytest.approx(-0.4243, abs=0.02)
    large = difference(Arm.of(rng.exponential(1, 400_000)), Arm.of(rng.exponential(1, 100_000)))
    assert large.skewness == pytest.approx(-0.4243 / 100, rel=0.1)  # ten thousand times the persons


def test_an_adjusted_effect_has_the_skewness_of_what_is_left():
    rng = np.random.default_rng(5)
    x = rng.exponential(1, 500)
    y = x + rng.normal(0, 0.1, 500)
    treated, control = Arm.of(y[:450], x=x[:450]), Arm.of(y[450:], x=x[450:])
    theta = slope(treated, control)
    left = y - theta * x
    parts = [(((part - part.mean()) ** 3).mean(), len(part)) for part in (left[:450], left[450:])]
    expected = (parts[0][0] / parts[0][1] ** 2 - parts[1][0] / parts[1][1] ** 2) / adjusted_difference(treated, control).se ** 3
    assert adjusted_difference(treated, control).skewness == pytest.approx(expected, rel=1e-6)


def test_a_small_holdout_of_heavy_fees_errs_alike_on_both_sides():
    """No effect, 1,500 campaigns of 4,500 + 500 persons, capped at p99: Welch errs upwards thrice as often as it may."""
    rng, campaigns = np.random.default_rng(7), 1_500
    up = down = welch_up = 0
    for _ in range(campaigns):
        fees = np.where(rng.random(5_000) < 0.25, rng.lognormal(0, 2.2, 5_000), 0.0)
        kept = capped(fees, pooled_cap({"treated": fees[500:], "control": fees[:500]}))
        effect = difference(Arm.of(kept[500:]), Arm.of(kept[:500]))
        assert isinstance(effect, Effect)
        is_wrong = corrected_p(effect) < 0.05
        up += is_wrong and effect.difference > 0
        down += is_wrong and effect.difference < 0
        welch_up += effect.p < 0.05 and effect.difference > 0
    assert 0.035 <= (up + down) / campaigns <= 0.065
    assert max(up, down) / campaigns <= 0.035
    assert welch_up / campaigns > 0.035
