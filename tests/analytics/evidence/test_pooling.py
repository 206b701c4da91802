"""Repeated runs together."""

import math

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.by_stratum import by_stratum
from springtide.analytics.evidence.pooling import pooled

EFFECTS, VARIANCES = [0.6, 0.1, 0.5, -0.2, 0.9], [0.02, 0.03, 0.01, 0.05, 0.04]


def test_random_effects_agree_with_statsmodels_where_the_runs_differ():
    theirs = combine_effects(np.array(EFFECTS), np.array(VARIANCES), method_re="dl")
    found = pooled(EFFECTS, VARIANCES)
    assert found.tau**2 == pytest.approx(theirs.tau2, rel=1e-9)
    assert found.mean == pytest.approx(theirs.mean_effect_re, rel=1e-9)
    assert found.se == pytest.approx(theirs.sd_eff_w_re, rel=1e-9)


def test_runs_that_agree_have_no_spread_and_each_is_the_mean():
    """Statsmodels gives a negative τ² here; a variance is not negative."""
    found = pooled([0.30, 0.31, 0.29], [0.04, 0.04, 0.04])
    assert found.tau == 0.0
    assert [middle for middle, _ in found.shrunken] == pytest.approx([found.mean] * 3)
    assert found.mean == pytest.approx(0.30)
    assert found.se == pytest.approx(math.sqrt(0.04 / 3))


def test_a_run_is_drawn_towards_the_mean_by_its_own_uncertainty():
    found = pooled(EFFECTS, VARIANCES)
    for effect, variance, (middle, interval) in zip(EFFECTS, VARIANCES, found.shrunken, strict=True):
        keep = found.tau**2 / (found.tau**2 + variance)
        assert middle == pytest.approx(found.mean + keep * (effect - found.mean))
        assert interval.low < middle < interval.high


def test_the_next_run_may_land_further_than_the_mean_is_uncertain_and_takes_three_runs():
    found = pooled(EFFECTS, VARIANCES)
    assert found.next_run.high - found.next_run.low > found.interval.high - found.interval.low
    assert pooled([0.1, 0.2], [0.01, 0.01]).next_run == CannotTell("too_few")


def test_one_run_is_itself_and_none_cannot_be_told():
    assert pooled([0.4], [0.01]).mean == pytest.approx(0.4)
    assert pooled([], []) == CannotTell("no_runs")
    assert pooled([0.4, 0.2], [0.01, 0.0]) == CannotTell("no_variance")


def test_strata_are_ranked_only_where_they_differ_by_more_than_chance():
    rng = np.random.default_rng(2)

    def arms(effects, n):
        return {name: Arm.of(rng.normal(effect, 1, n)) for name, effect in effects.items()}

    none = dict.fromkeys("abcd", 0.0)
    alike = by_stratum(arms(none, 900), arms(none, 100))
    assert not alike.is_ranked
    apart = by_stratum(arms({"a": 0.0, "b": 1.0, "c": 0.1, "d": -0.5}, 900), arms(none, 100))
    assert apart.is_ranked
    assert [one.stratum for one in apart.strata][0::3] == ["b", "d"]
    best = apart.strata[0]
    assert best.shrunken is not None
    assert abs(best.shrunken) < abs(best.measured.difference)


def test_a_stratum_without_controls_says_so_and_the_others_stand():
    found = by_stratum({"a": Arm.of([1, 2, 3]), "b": Arm.of([1, 2])}, {"a": Arm.of([0, 1])})
    assert {one.stratum: one.measured if isinstance(one.measured, CannotTell) else None for one in found.strata} == {
        "a": None,
        "b": CannotTell("empty_arm"),
    }
    assert found.p is None
