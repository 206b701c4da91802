from __future__ import annotations

import math
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.metrics.changes import product_split
from springtide.kernel.estimates import NotEstimable

UNIT = Decimal("0.000001")
FACTORS = ("users", "trades per user", "size of a trade", "take rate")


def effects(split):
    return {row.effect: row.amount for row in split.rows}


def test_one_factor_that_moves_alone_carries_all():
    """Ten users become twenty who do just the same: revenue 5 becomes 10, all of it by users."""
    split = product_split(FACTORS, {"all": (10, 50, 5000, 5)}, {"all": (20, 100, 10000, 10)}, unit=UNIT)
    assert effects(split) == {"users": 5, "trades per user": 0, "size of a trade": 0, "take rate": 0}


def test_two_factors_share_by_their_logarithms():
    """Users double, trades a user quadruple: 1 becomes 8. Of ln 8, ln 2 is a third: 7/3 by users, 14/3 by trades a user."""
    split = product_split(("users", "trades per user"), {"all": (1, 1)}, {"all": (2, 8)}, unit=UNIT)
    assert effects(split) == {"users": Decimal("2.333333"), "trades per user": Decimal("4.666667")}


def test_factors_that_cancel_leave_the_value_and_still_tell_both():
    """L(a, a) = a: users double, trades a user halve, 100 stays 100; + and − 100 × ln 2."""
    split = product_split(("users", "trades per user"), {"all": (10, 100)}, {"all": (20, 100)}, unit=UNIT)
    assert effects(split) == {"users": Decimal("69.314718"), "trades per user": Decimal("-69.314718")}


def test_activity_structure_and_intensity_are_those_of_the_formula():
    """Two groups: the whole 50 becomes 80, of it 10 and 40 become 20 and 60, with values 30 and 20 that become 40 and 24.

    Ang (2005), equation 5, written out here in floating point.
    """
    then, now = {"one": (50, 10, 30), "two": (50, 40, 20)}, {"one": (80, 20, 40), "two": (80, 60, 24)}
    split = product_split(("activity", "structure", "intensity"), then, now, common=1, unit=UNIT)

    def mean(a, b):
        return (a - b) / (math.log(a) - math.log(b))

    one, two = mean(40, 30), mean(24, 20)
    expected = {
        "activity": (one + two) * math.log(80 / 50),
        "structure": one * math.log((20 / 80) / (10 / 50)) + two * math.log((60 / 80) / (40 / 50)),
        "intensity": one * math.log((40 / 20) / (30 / 10)) + two * math.log((24 / 60) / (20 / 40)),
    }
    assert {name: round(float(amount), 5) for name, amount in effects(split).items()} == {
        name: round(amount, 5) for name, amount in expected.items()
    }
    assert sum(effects(split).values()) == 14
    assert {row.effect: (row.then, row.now) for row in split.rows} == {
        "activity": (50, 80),
        "structure": (1, 1),
        "intensity": (1, Decimal("0.8")),
    }


def test_a_group_that_is_new_is_new_users():
    split = product_split(FACTORS, {"old": (10, 50, 5000, 5)}, {"old": (10, 50, 5000, 5), "new": (4, 8, 400, 2)}, unit=UNIT)
    assert effects(split) == {"users": 2, "trades per user": 0, "size of a trade": 0, "take rate": 0}


def test_the_first_factor_that_was_zero_carries_all():
    """Users were there and did not trade: the two they bring now come from trading at all. Free trades: from the take rate."""
    silent = product_split(FACTORS, {"all": (4, 0, 0, 0)}, {"all": (4, 8, 400, 2)}, unit=UNIT)
    assert effects(silent) == {"users": 0, "trades per user": 2, "size of a trade": 0, "take rate": 0}
    free = product_split(FACTORS, {"all": (4, 8, 400, 2)}, {"all": (4, 8, 400, 0)}, unit=UNIT)
    assert effects(free) == {"users": 0, "trades per user": 0, "size of a trade": 0, "take rate": -2}


def test_a_zero_is_the_limit_of_ever_smaller_numbers():
    """The formula itself with 10^-100,000 for zero, in Decimal, tends to what is told for zero."""
    then, now = (4, 8, 400, 2), (6, 0, 0, 0)
    told = effects(product_split(FACTORS, {"all": then}, {"all": now}, unit=UNIT))
    with localcontext() as context:
        context.prec = 60
        small = Decimal(10) ** -100_000
        before, after = [Decimal(q) or small for q in then], [Decimal(q) or small for q in now]
        mean = (after[-1] - before[-1]) / (after[-1] / before[-1]).ln()
        ratios = [after[0] / before[0]] + [(after[k] / after[k - 1]) / (before[k] / before[k - 1]) for k in (1, 2, 3)]
        limit = [mean * ratio.ln() for ratio in ratios]
    assert [round(float(amount), 3) for amount in limit] == [float(told[name]) for name in FACTORS]


def test_a_group_below_zero_stands_whole_and_apart():
    """Makers who are paid: no logarithm of a negative take."""
    split = product_split(FACTORS, {"a": (1, 1, 10, 1), "makers": (1, 9, 90, -2)}, {"a": (2, 2, 20, 2)}, unit=UNIT)
    assert effects(split)["not split"] == 2
    assert (split.then, split.now, effects(split)["users"]) == (-1, 2, 1)


def test_where_nothing_can_be_split_there_is_no_estimate():
    for then in [(1, 9, 90, -2), (0, 9, 90, 2)]:
        refused = product_split(FACTORS, {"makers": then}, {}, unit=UNIT)
        assert isinstance(refused, NotEstimable)
        assert refused.code == "no_logarithm"


chains = st.lists(st.integers(0, 10**6), min_size=3, max_size=3).map(
    lambda chain: tuple(0 if 0 in chain[:place] else quantity for place, quantity in enumerate(chain))
)
sides = st.dictionaries(st.sampled_from("abcd"), chains, min_size=1, max_size=4)


@given(sides, sides)
def test_contributions_sum_to_the_change_exactly(then, now):
    split = product_split(("users", "trades per user", "take"), then, now, unit=UNIT)
    assert sum((row.amount for row in split.rows), Decimal(0)) == split.now - split.then


@given(sides, sides)
def test_backwards_the_same_with_the_other_sign(then, now):
    there = effects(product_split(("users", "trades per user", "take"), then, now, unit=UNIT))
    back = effects(product_split(("users", "trades per user", "take"), now, then, unit=UNIT))
    assert all(abs(there[name] + back[name]) <= 3 * UNIT for name in there)
