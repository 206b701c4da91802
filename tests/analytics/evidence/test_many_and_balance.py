"""Many comparisons, and whether the arms are as large as they were meant to be."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.balance import balance
from springtide.analytics.evidence.many import benjamini_hochberg, holm


@pytest.mark.parametrize("seed", range(5))
def test_adjustments_agree_with_statsmodels(seed):
    p = list(np.random.default_rng(seed).beta(0.5, 3, 12))
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], rel=1e-12)


def test_holm_of_three_by_hand():
    """The smallest times 3, the next times 2, and none below the one before it."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_the_balance_of_a_published_test_warns():
    """Cookie Cats: 44,700 and 45,489 of equal shares; p = 0.0086 as widely computed."""
    found = balance({"gate_30": 44_700, "gate_40": 45_489}, {"gate_30": 1, "gate_40": 1})
    assert found.p == pytest.approx(0.0086, abs=5e-5)
    assert found.verdict == "warn"


@pytest.mark.parametrize(("control", "verdict"), [(1_000, "ok"), (1_090, "warn"), (1_150, "block")])
def test_the_balance_agrees_with_scipy_and_blocks_below_one_in_a_thousand(control, verdict):
    found = balance({"a": 10_000 - control, "control": control}, {"a": 0.9, "control": 0.1})
    theirs = stats.chisquare([10_000 - control, control], [9_000, 1_000])
    assert (found.chi_square, found.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-12)
    assert found.verdict == verdict


def test_without_persons_or_shares_there_is_no_balance():
    assert balance({"a": 0, "b": 0}, {"a": 1, "b": 1}) == CannotTell("empty_arm")
    assert balance({"a": 5}, {"a": 1}) == CannotTell("weights")
    assert balance({"a": 5, "b": 5}, {"a": 1, "c": 1}) == CannotTell("weights")
