"""The quantile edges of the day: nearest rank over counted users with positive net revenue."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.strata import EDGES, POPULATION

PERCENTS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 99)


def edges(tables, of, revenues, **known):
    tables.profiles([of(user_no=place, net_revenue_90d_usdt=revenue, **known) for place, revenue in enumerate(revenues)])
    found = dict(tables.rows(POPULATION.text))
    return [found[edge] for edge in EDGES] if found else []


def nearest_rank(values, percent):
    ordered = sorted(values)
    return ordered[math.ceil(percent * len(ordered) / 100) - 1]


@pytest.mark.parametrize(
    ("revenues", "expected"),
    [
        (range(1, 101), [10, 20, 30, 40, 50, 60, 70, 80, 90, 99]),
        (range(1, 11), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (range(1, 12), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),  # 10 % of 11 users is the second, not the first
        ([7], [7] * 10),
        ([5, 5, 5, 8], [5, 5, 5, 5, 5, 5, 5, 8, 8, 8]),
        ([3, -1, 0, None], [3] * 10),  # who brought nothing, or cost us, is not ranked
        ([-5, 0, None], []),
        ([], []),
    ],
)
def test_each_edge_is_the_smallest_value_with_that_share_at_or_below_it(tables, of, revenues, expected):
    assert edges(tables, of, revenues) == expected


def test_who_is_not_counted_moves_no_edge(tables, of):
    assert edges(tables, of, [1, 2, 3], is_counted=False) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(revenues=st.lists(st.one_of(st.integers(1, 20), st.integers(1, 10**15)), min_size=1, max_size=60))
def test_the_edges_are_the_nearest_ranks_and_what_the_engine_calls_the_discrete_quantile(tables, of, revenues):
    found = edges(tables, of, revenues)
    assert found == [nearest_rank(revenues, percent) for percent in PERCENTS]
    shares = ", ".join(str(percent / 100) for percent in PERCENTS)
    assert tables.rows(f"select quantile_disc(net_revenue_90d_usdt, [{shares}]) from profiles") == [(found,)]
