"""What could be detected, and how many persons it takes."""

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.effects import difference
from springtide.analytics.evidence.power import detectable_effect, persons_needed, power_of


@pytest.mark.parametrize(("n_treated", "n_control"), [(100, 100), (9_000, 1_000), (45_000, 5_000)])
def test_statsmodels_gives_the_detectable_effect_the_power_that_was_asked_for(n_treated, n_control):
    found = detectable_effect(sd=2.5, n_treated=n_treated, n_control=n_control, power=0.8)
    theirs = TTestIndPower().power(found.detectable / 2.5, nobs1=n_treated, ratio=n_control / n_treated, alpha=0.05)
    assert theirs == pytest.approx(0.8, abs=1e-5)


def test_persons_needed_detect_just_what_was_asked_for():
    n = persons_needed(difference=0.1, sd=1.0, holdout=0.1)
    assert isinstance(n, int)
    assert detectable_effect(sd=1.0, n_treated=round(0.9 * n), n_control=round(0.1 * n)).detectable == pytest.approx(
        0.1, rel=1e-3
    )
    assert persons_needed(difference=-0.1, sd=1.0, holdout=0.1) == n
    # By hand, normal: (1.95996 + 0.84162)² · (1/0.9 + 1/0.1) ÷ 0.1² = 8,720.9.
    assert n == pytest.approx(8_721, abs=5)


def test_a_covariate_that_explains_half_halves_the_persons():
    alone, helped = (persons_needed(difference=0.1, sd=1.0, holdout=0.1, explained=share) for share in (0.0, 0.5))
    assert isinstance(alone, int)
    assert helped == pytest.approx(alone / 2, rel=1e-3)


def test_the_planned_power_is_that_of_real_draws():
    plan = detectable_effect(sd=1.0, n_treated=900, n_control=100)
    rng, found = np.random.default_rng(5), 0
    for _ in range(1_000):
        treated, control = rng.normal(plan.detectable, 1, 900), rng.normal(0, 1, 100)
        found += difference(Arm.of(treated), Arm.of(control)).p < 0.05
    assert found / 1_000 == pytest.approx(0.8, abs=0.04)


def test_no_effect_is_found_as_often_as_alpha_says():
    assert power_of(0.0, 500, 0.05) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "asked",
    [
        {"sd": 0.0, "n_treated": 10, "n_control": 10},
        {"sd": 1.0, "n_treated": 10, "n_control": 1},
        {"sd": 1.0, "n_treated": 10, "n_control": 10, "explained": 1.0},
    ],
)
def test_what_cannot_be_planned_says_so(asked):
    assert isinstance(detectable_effect(**asked), CannotTell)
    assert isinstance(persons_needed(difference=0.0, sd=1.0, holdout=0.1), CannotTell)
    assert isinstance(persons_needed(difference=0.1, sd=1.0, holdout=1.0), CannotTell)
