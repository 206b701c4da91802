from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.metrics.signals import benjamini_hochberg

# Benjamini and Hochberg (1995), section 3.2: fifteen comparisons of two treatments of heart attacks.
PRINTED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


def test_the_printed_example_believes_four():
    assert benjamini_hochberg(PRINTED, rate=0.05) == [True] * 4 + [False] * 11


def test_order_does_not_matter():
    assert benjamini_hochberg(PRINTED[::-1], rate=0.05) == [False] * 11 + [True] * 4


def test_none_and_one():
    assert benjamini_hochberg([], rate=0.1) == []
    assert benjamini_hochberg([0.1], rate=0.1) == [True]
    assert benjamini_hochberg([0.11], rate=0.1) == [False]


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0.01, 0.5))
def test_it_believes_the_k_smallest_for_the_largest_k_under_the_line(p_values, rate):
    believed = [p for p, is_real in zip(p_values, benjamini_hochberg(p_values, rate=rate), strict=True) if is_real]
    sorted_ = sorted(p_values)
    under = [k for k in range(1, len(sorted_) + 1) if sorted_[k - 1] <= rate * k / len(sorted_)]
    assert sorted(believed) == sorted_[: max(under, default=0)]
