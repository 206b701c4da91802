from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.metrics.changes import sum_split
from springtide.analytics.metrics.changes.parts import settled

ONE = Decimal(1)


def told(split):
    return {(row.effect, row.group): row.amount for row in split.rows}


def test_every_group_adds_its_own_difference():
    split = sum_split({"ads": 70, "gone": 30}, {"ads": 90, "new": 5}, unit=ONE)
    assert told(split) == {("level", "gone"): -30, ("level", "ads"): 20, ("level", "new"): 5}
    assert [row.group for row in split.rows] == ["gone", "ads", "new"]
    assert [split.then, split.now, split.change] == [100, 95, -5]
    new = split.rows[-1]
    assert [new.then, new.now] == [None, 5]


def test_a_longer_period_is_told_apart_from_a_higher_level():
    """Ten days of 10, then twenty days of 12: length 11 × 10 = 110, level 15 × 2 = 30; 100 becomes 240."""
    split = sum_split({"all": 100}, {"all": 240}, days=(10, 20), unit=ONE)
    assert told(split) == {("length", None): 110, ("level", "all"): 30}


def test_a_longer_period_of_the_same_level_is_nothing_but_length():
    split = sum_split({"a": 70, "b": 7}, {"a": 100, "b": 10}, days=(7, 10), unit=ONE)
    assert told(split) == {("length", None): 33, ("level", "a"): 0, ("level", "b"): 0}


def test_the_waterfall_goes_from_then_to_now_and_leaves_nothing_out():
    split = sum_split({"a": 10, "b": 10, "c": 10}, {"a": 15, "b": 8, "c": 11}, unit=ONE)
    bars = split.bars(shown=1)
    assert [(bar.label, int(bar.begins), int(bar.ends)) for bar in bars] == [
        ("then", 0, 30),
        ("a: level", 30, 35),
        ("2 more", 35, 34),
        ("now", 0, 34),
    ]


def test_rounding_gives_what_is_left_to_the_largest_remainders():
    """Thirds of one in hundredths: 33 each would be 99; the first, as all remainders are equal, takes the hundredth."""
    third = Fraction(1, 3)
    cent = Decimal("0.01")
    assert settled([third, third, third], ONE, cent) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert settled([], Decimal(0), cent) == []


@given(st.lists(st.fractions(-1000, 1000, max_denominator=97), min_size=1, max_size=9), st.integers(-1, 1))
def test_rounded_parts_sum_to_the_rounded_total_and_stay_near(parts, off):
    unit = Decimal("0.01")
    total = (round(sum(parts) * 100) + off) * unit
    amounts = settled(parts, total, unit)
    assert sum(amounts) == total
    assert all(abs(Fraction(amount) - part) <= Fraction(3, 100) for amount, part in zip(amounts, parts, strict=True))


groups = st.dictionaries(st.sampled_from("abcd"), st.integers(-(10**12), 10**12), max_size=4)


@given(groups, groups, st.integers(1, 31), st.integers(1, 31))
def test_contributions_sum_to_the_change_exactly(then, now, days_then, days_now):
    split = sum_split(then, now, days=(days_then, days_now), unit=Decimal("0.000001"), scale=10**6)
    assert sum(row.amount for row in split.rows) == split.change == Decimal(sum(now.values()) - sum(then.values())).scaleb(-6)
