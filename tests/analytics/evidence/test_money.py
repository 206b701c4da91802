"""Profit and its return, with intervals."""

import math

import numpy as np
import pytest

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.money import fieller, money


def test_money_of_a_campaign_by_hand():
    """Four treated bring 10 each, two controls 6: 4 more a person, at margin one half 2. Rewards of 1 and 1 of the fixed 4 cost 2."""
    told = money(Arm.of([8, 12, 9, 11], r=[0, 2, 0, 2]), Arm.of([5, 7]), margin=0.5, fixed_cost=4)

    assert told.incremental == pytest.approx(8)
    assert told.cost == pytest.approx(8)
    assert told.profit == pytest.approx(0)
    assert told.probability_of_profit == pytest.approx(0.5)
    assert told.roi.value == pytest.approx(0)
    assert told.break_even == pytest.approx(1)  # with a reward of 1 a person the profit is zero, as it is


def test_fieller_agrees_with_a_printed_example():
    """Ratio 2 of a = 10 (variance 1) and b = 5 (variance 0.25), uncorrelated, z = 2: 24ρ² − 100ρ + 96 = 0 has the roots 1.5 and 2.6667."""
    told = fieller(10, 5, 1.0, 0.25, 0.0, z=2)
    assert (told.interval.low + 1, told.interval.high + 1) == pytest.approx((1.5, 8 / 3))
    assert told.shape == "bounded"


def test_a_cost_too_near_to_zero_leaves_the_return_undetermined():
    told = fieller(10, 0.5, 1.0, 1.0, 0.0, z=2)
    assert told.shape == "unbounded"
    assert not told.is_determined
    assert told.interval.high == math.inf
    assert fieller(0.5, 0.5, 1.0, 1.0, 0.0, z=2).shape == "everything"


def test_without_a_reward_there_is_no_return_on_it_but_a_profit():
    told = money(Arm.of([8, 12, 9, 11]), Arm.of([5, 7]))
    assert told.roi == CannotTell("no_reward")
    assert told.profit == pytest.approx(16)


def test_what_cannot_be_told_says_so():
    assert money(Arm.of([]), Arm.of([1, 2])) == CannotTell("empty_arm")
    assert money(Arm.of([0, 0]), Arm.of([0, 0])) == CannotTell("no_variance")


def test_the_interval_of_the_return_holds_the_true_one_as_often_as_it_says():
    """400 campaigns of 8,000 + 1,000: a reward of 2 to every second person, who bring 5 more; the true return is 5·½ ÷ (2·½) − 1 = 1.5."""
    rng, held, profits = np.random.default_rng(8), 0, 0
    for _ in range(400):
        rewarded = rng.random(8_000) < 0.5
        treated = rng.gamma(2, 5, 8_000) + 5 * rewarded
        told = money(Arm.of(treated, r=2.0 * rewarded), Arm.of(rng.gamma(2, 5, 1_000)))
        held += told.roi.interval.low <= 1.5 <= told.roi.interval.high
        profits += told.profit_interval.low <= 8_000 * 1.5 <= told.profit_interval.high
    assert 0.92 <= held / 400 <= 0.98
    assert 0.92 <= profits / 400 <= 0.98
