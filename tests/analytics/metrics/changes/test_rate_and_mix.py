from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.metrics.changes import rate_and_mix
from springtide.kernel.estimates import NotEstimable


def told(split):
    return {(row.effect, row.group): row.amount for row in split.rows}


def test_a_worse_rate_and_a_worse_mix_are_told_apart():
    """Ads: 40 of 100, then 30 of 100. Friends: 20 of 100, then 60 of 300. All: 60/200 = 0.3, then 90/400 = 0.225.

    Weights 0.5 and 0.5, then 0.25 and 0.75; the mean of all 0.2625.
    rate of ads 0.375 × −0.1 = −0.0375; mix of ads (0.35 − 0.2625) × −0.25 = −0.021875; mix of friends (0.2 − 0.2625) × 0.25 = −0.015625.
    """
    split = rate_and_mix({"ads": (40, 100), "friends": (20, 100)}, {"ads": (30, 100), "friends": (60, 300)})
    assert (split.then, split.now, split.change) == (Decimal("0.3"), Decimal("0.225"), Decimal("-0.075"))
    assert told(split) == {
        ("rate", "ads"): Decimal("-0.0375"),
        ("mix", "ads"): Decimal("-0.021875"),
        ("mix", "friends"): Decimal("-0.015625"),
        ("rate", "friends"): 0,
    }
    assert split.by_effect() == {"rate": Decimal("-0.0375"), "mix": Decimal("-0.0375")}


def test_rows_carry_the_rate_and_the_weight_then_and_now_the_weightiest_first():
    split = rate_and_mix({"ads": (40, 100), "friends": (20, 100)}, {"ads": (30, 100), "friends": (60, 300)})
    assert [f"{row.effect} {row.group} {row.then.normalize():f} {row.now.normalize():f}" for row in split.rows] == [
        "rate ads 0.4 0.3",
        "mix ads 0.5 0.25",
        "mix friends 0.5 0.75",
        "rate friends 0.2 0.2",
    ]


def test_what_a_new_group_does_is_mix_and_its_rate_before_is_not_known():
    """All: 40/100 = 0.4, then 50/200 = 0.25, mean 0.325. The new: (0.1 − 0.325) × 0.5; the old: (0.4 − 0.325) × −0.5."""
    split = rate_and_mix({"old": (40, 100)}, {"old": (40, 100), "new": (10, 100)})
    assert told(split) == {
        ("rate", "new"): 0,
        ("mix", "new"): Decimal("-0.1125"),
        ("rate", "old"): 0,
        ("mix", "old"): Decimal("-0.0375"),
    }
    new_rate = next(row for row in split.rows if (row.effect, row.group) == ("rate", "new"))
    assert (new_rate.then, new_rate.now) == (None, Decimal("0.1"))


def test_a_group_that_is_gone_does_the_opposite_of_a_new_one():
    came = rate_and_mix({"old": (40, 100)}, {"old": (40, 100), "new": (10, 100)})
    went = rate_and_mix({"old": (40, 100), "new": (10, 100)}, {"old": (40, 100)})
    assert told(went) == {key: -amount for key, amount in told(came).items()}


def test_what_comes_from_nobody_stands_as_rate():
    """Revenue that users brought who are active no more: 10 of nobody, over 100 users: 0.1."""
    split = rate_and_mix({"here": (50, 100)}, {"here": (50, 100), "left": (10, 0)})
    assert told(split)["rate", "left"] == Decimal("0.1")
    assert split.change == Decimal("0.1")


def test_money_is_told_in_its_own_unit():
    split = rate_and_mix({"a": (3_000_000, 2)}, {"a": (5_000_000, 2)}, unit=Decimal("0.000001"), scale=1_000_000)
    assert (split.then, split.now, told(split)["rate", "a"]) == (Decimal("1.5"), Decimal("2.5"), Decimal(1))


@pytest.mark.parametrize(
    ("then", "now", "code"),
    [
        ({}, {"a": (1, 2)}, "no_denominator"),
        ({"a": (1, 2)}, {"a": (0, 0)}, "no_denominator"),
        ({"a": (1, 2)}, {"a": (1, 3), "b": (1, -1)}, "negative_denominator"),
    ],
)
def test_without_a_denominator_there_is_no_estimate(then, now, code):
    refused = rate_and_mix(then, now)
    assert isinstance(refused, NotEstimable)
    assert refused.code == code


ratios = st.tuples(st.integers(-1000, 1000), st.integers(0, 1000))
sides = st.dictionaries(st.sampled_from("abcdef"), ratios, max_size=6).filter(lambda side: sum(d for _, d in side.values()))


@given(sides, sides)
def test_contributions_sum_to_the_change_exactly(then, now):
    split = rate_and_mix(then, now)
    assert sum((row.amount for row in split.rows), Decimal(0)) == split.now - split.then
    ratio = [Fraction(sum(n for n, _ in side.values()), sum(d for _, d in side.values())) for side in (then, now)]
    assert abs(Fraction(split.change) - (ratio[1] - ratio[0])) <= Fraction(1, 10**9)


@given(sides, sides)
def test_every_contribution_is_within_two_units_of_the_formula(then, now):
    split = rate_and_mix(then, now)
    sums = [[Fraction(sum(pair[place] for pair in side.values())) for place in (0, 1)] for side in (then, now)]
    ratio = [numerator / denominator for numerator, denominator in sums]
    for row in split.rows:
        (n0, d0), (n1, d1) = then.get(row.group, (0, 0)), now.get(row.group, (0, 0))
        if d0 and d1:
            r0, r1, w0, w1 = Fraction(n0, d0), Fraction(n1, d1), d0 / sums[0][1], d1 / sums[1][1]
            formula = {"rate": (w0 + w1) / 2 * (r1 - r0), "mix": ((r0 + r1) / 2 - sum(ratio) / 2) * (w1 - w0)}
            assert abs(Fraction(row.amount) - formula[row.effect]) <= Fraction(2, 10**9)
