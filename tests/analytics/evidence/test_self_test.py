"""The A/A self-test shows which methods cry wolf on heavy fees and a small holdout."""

import numpy as np
import pytest

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.self_test import METHODS, self_test


def _fees(active=3_000, sigma=2.2, seed=1):
    return np.random.default_rng(seed).lognormal(0, sigma, active)


def test_plain_tests_cry_wolf_on_heavy_fees_and_ours_do_not():
    """12,000 persons, a quarter of them active, a tenth held out."""
    told = self_test(_fees(), persons=12_000, holdout=0.1, partings=400, seed=3)
    assert (told.persons, told.held_out, told.active) == (12_000, 1_200, 3_000)
    rates = {one.method: one for one in told.methods}
    assert list(rates) == [method for method in METHODS if method != "adjusted"]
    assert rates["welch"].up > 2 * rates["welch"].down
    assert rates["daily"].rate > 0.15
    assert not rates["daily"].holds
    assert rates["corrected"].holds
    assert rates["always_valid"].holds
    assert rates["always_valid"].rate < 0.08


def test_fees_without_a_tail_are_read_alike_by_all_who_look_once():
    told = self_test(np.full(4_000, 2.0) + np.arange(4_000) / 4_000, persons=8_000, holdout=0.5, partings=300, seed=5)
    for one in told.methods:
        assert one.holds == (one.method != "daily")


def test_the_covariate_is_read_where_it_is_given():
    fees = _fees()
    told = self_test(fees, x=fees * 0.9, persons=12_000, holdout=0.1, partings=100, seed=3)
    assert [one.method for one in told.methods] == list(METHODS)


def test_the_same_seed_tells_the_same_and_progress_is_told():
    seen = []
    one, other = (
        self_test(
            _fees(300), persons=2_000, holdout=0.2, partings=20, seed=9, progress=lambda done, total: seen.append((done, total))
        )
        for _ in range(2)
    )
    assert one == other
    assert seen[-1] == (20, 20)


@pytest.mark.parametrize(
    ("figures", "persons", "holdout", "code"),
    [
        ([1.0, 2.0], 10, 0.01, "too_small"),  # nobody held out
        ([1.0] * 20, 10, 0.5, "too_small"),  # fewer persons than figures
        ([0.0] * 5, 100, 0.5, "no_variance"),
    ],
)
def test_what_cannot_be_tested_says_so(figures, persons, holdout, code):
    assert self_test(figures, persons=persons, holdout=holdout, seed=1) == CannotTell(code)
