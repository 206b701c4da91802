"""Differences between arms: by hand, against independent libraries, and by laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.arms import Arm, total
from springtide.analytics.evidence.effects import adjusted_difference, difference, ratio_difference, slope

SAMPLES = [(7, 5, 0), (400, 40, 1), (5_000, 500, 2)]


def draw(n_treated, n_control, seed):
    rng = np.random.default_rng(seed)
    return rng.lognormal(1, 1, n_treated), rng.lognormal(1.1, 1, n_control)


def test_a_difference_of_two_small_arms_by_hand():
    """Means 3 and 1; variances of the means 2/3 ÷ … : (1, 3, 5) has variance 4, (0, 2) has 2; SE² = 4/3 + 2/2."""
    effect = difference(Arm.of([1, 3, 5]), Arm.of([0, 2]))

    assert effect.difference == 2
    assert effect.se == pytest.approx(math.sqrt(4 / 3 + 1))
    assert effect.df == pytest.approx((7 / 3) ** 2 / ((4 / 3) ** 2 / 2 + 1**2 / 1))
    assert effect.relative == 2.0


@pytest.mark.parametrize(("n_treated", "n_control", "seed"), SAMPLES)
def test_welch_agrees_with_scipy_and_statsmodels(n_treated, n_control, seed):
    treated, control = draw(n_treated, n_control, seed)
    effect = difference(Arm.of(treated), Arm.of(control))

    welch = stats.ttest_ind(treated, control, equal_var=False)
    theirs = CompareMeans(DescrStatsW(treated), DescrStatsW(control)).tconfint_diff(usevar="unequal")
    assert effect.p == pytest.approx(welch.pvalue, rel=1e-9)
    assert effect.df == pytest.approx(welch.df, rel=1e-9)
    assert (effect.interval.low, effect.interval.high) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("n_treated", "n_control", "seed"), SAMPLES[1:])
def test_the_adjusted_difference_is_that_of_residuals_of_the_pooled_slope(n_treated, n_control, seed):
    """Subtracting θ(x − x̄) from each person and testing the rest by Welch gives the same, θ taken as known."""
    treated, control = draw(n_treated, n_control, seed)
    rng = np.random.default_rng(seed + 10)
    before = [values * 0.5 + rng.normal(0, 1, len(values)) for values in (treated, control)]
    arms = Arm.of(treated, x=before[0]), Arm.of(control, x=before[1])
    effect = adjusted_difference(*arms)

    within = np.concatenate([x - x.mean() for x in before])
    theta = within @ np.concatenate([treated, control]) / (within @ within)
    assert slope(*arms) == pytest.approx(theta, rel=1e-9)
    middle = np.concatenate(before).mean()
    rest = [y - theta * (x - middle) for y, x in zip((treated, control), before, strict=True)]
    welch = stats.ttest_ind(*rest, equal_var=False)
    assert effect.difference == pytest.approx(rest[0].mean() - rest[1].mean(), rel=1e-9)
    assert effect.p == pytest.approx(welch.pvalue, rel=1e-7)
    assert effect.control_mean == pytest.approx(control.mean())
    assert effect.se < difference(*arms).se


def test_a_covariate_that_says_nothing_changes_nothing():
    treated, control = draw(50, 30, 3)
    plain = difference(Arm.of(treated), Arm.of(control))
    assert adjusted_difference(Arm.of(treated, x=np.zeros(50)), Arm.of(control, x=np.zeros(30))) == plain


def test_a_ratio_agrees_with_the_jackknife_at_large_n():
    """The delta method and the jackknife are equal to the first order; the jackknife needs no formula."""
    rng = np.random.default_rng(4)
    trades = rng.poisson(5, 4_000) + 1
    fees = trades * rng.lognormal(0, 0.5, 4_000)
    arms = Arm.of(fees[:3_000], d=trades[:3_000]), Arm.of(fees[3_000:], d=trades[3_000:])
    effect = ratio_difference(*arms)

    variance = 0.0
    for y, d in ((fees[:3_000], trades[:3_000]), (fees[3_000:], trades[3_000:])):
        without = (y.sum() - y) / (d.sum() - d)
        variance += (len(y) - 1) / len(y) * ((without - without.mean()) ** 2).sum()
    assert effect.difference == pytest.approx(
        fees[:3_000].sum() / trades[:3_000].sum() - fees[3_000:].sum() / trades[3_000:].sum()
    )
    assert effect.se == pytest.approx(math.sqrt(variance), rel=2e-3)


@pytest.mark.parametrize(
    ("treated", "control", "code"),
    [
        ([], [1.0, 2.0], "empty_arm"),
        ([1.0], [1.0, 2.0], "too_few"),
        ([0.0, 0.0, 0.0], [0.0, 0.0], "no_variance"),
    ],
)
def test_what_cannot_be_told_says_so(treated, control, code):
    for estimate in (difference, adjusted_difference):
        told = estimate(Arm.of(treated), Arm.of(control))
        assert told == CannotTell(code)
        assert told.message


def test_a_ratio_without_a_denominator_cannot_be_told():
    told = ratio_difference(Arm.of([1.0, 2.0], d=[0.0, 0.0]), Arm.of([1.0, 2.0], d=[1.0, 1.0]))
    assert told == CannotTell("no_denominator")


persons = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=40)


@given(persons, persons)
def test_arms_add_up_in_any_parts(one, other):
    def arm(of):
        return Arm.of([y for y, _ in of], x=[x for _, x in of])

    whole, parts = arm(one + other), total([arm(one), arm(other)])
    assert parts.n == whole.n
    for name in ("y", "yy", "x", "xx", "xy"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-3)
