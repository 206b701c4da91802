"""Intervals that hold at every look."""

import math

import numpy as np
import pytest

from springtide.analytics.evidence.answers import CannotTell, Effect, Interval
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.effects import difference
from springtide.analytics.evidence.sequences import always_valid, always_valid_one_sided, final


def _effect(se, gap=0.0):
    return Effect(gap, se, 1e6, Interval(gap, gap), 1.0, 1.0, 1.0, 0.95)


def test_the_width_at_one_point_by_hand():
    """n = N* = 10,000, alpha 0.05, s = 1: ρ² = (5.99146 + ln 6.99146) ÷ 10⁴ = 7.93615e-4, so nρ² + 1 = 8.93615, and the half-width is
    √(2 · 8.93615 ÷ 79,361.5 · ln(2.98934 ÷ 0.05)) = √(2.25201e-4 · 4.09079) = 0.030352."""
    found = always_valid(_effect(0.01), n=10_000, n_control=5_000, planned_n=10_000, alpha=0.05)
    assert found.high == pytest.approx(0.030352, abs=1e-6)
    assert found.low == -found.high


def test_it_is_wider_than_the_fixed_interval_and_tightest_for_looks_near_the_planned_size():
    fixed = 1.96 * 0.01
    widths = {
        planned: always_valid(_effect(0.01), n=10_000, n_control=5_000, planned_n=planned, alpha=0.05).high
        for planned in (1_000, 10_000, 100_000)
    }
    assert min(widths.values()) > fixed
    assert min(widths, key=widths.__getitem__) == 10_000


def test_below_five_hundred_controls_nothing_is_claimed():
    assert always_valid(_effect(0.01), n=5_000, n_control=499, planned_n=5_000) == CannotTell("too_small")
    assert always_valid_one_sided(_effect(0.01), n=5_000, n_control=499, planned_n=5_000) == CannotTell("too_small")


def test_a_guardrail_is_open_on_the_side_that_does_not_hurt_and_closer_on_the_other():
    both = always_valid(_effect(0.01), n=10_000, n_control=5_000, planned_n=10_000)
    one = always_valid_one_sided(_effect(0.01), n=10_000, n_control=5_000, planned_n=10_000)
    assert one.low == -math.inf
    assert 0 < one.high < both.high
    assert always_valid_one_sided(_effect(0.01), n=10_000, n_control=5_000, planned_n=10_000, harm="above").low == -one.high


def test_twenty_eight_looks_and_a_final_one_err_in_five_of_a_hundred_at_most():
    """No effect, 800 campaigns of 6,000 + 3,000 persons who come over 28 days; a plain 5 % test errs in 27 % of such (counted too)."""
    rng, campaigns, days = np.random.default_rng(11), 800, 28
    wrong = plain = 0
    for _ in range(campaigns):
        values = rng.exponential(1.0, 9_000)
        is_wrong = is_plain = False
        for day in range(1, days + 1):
            n_t, n_c = 6_000 * day // days, 3_000 * day // days
            effect = difference(Arm.of(values[:n_t]), Arm.of(values[6_000 : 6_000 + n_c]))
            assert isinstance(effect, Effect)
            interval = always_valid(effect, n=n_t + n_c, n_control=n_c, planned_n=9_000)
            is_wrong |= isinstance(interval, Interval) and interval.excludes(0.0)
            is_plain |= effect.p < 0.05
        assert isinstance(effect, Effect)
        wrong += is_wrong or final(effect).excludes(0.0)
        plain += is_plain
    assert wrong / campaigns <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / campaigns)
    assert plain / campaigns > 0.2
