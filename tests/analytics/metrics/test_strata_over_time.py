"""Sizes, trend, map and moves of strata: by hand, and adding up with one another."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.metrics.lifecycle_value_map import lifecycle_value_map
from springtide.analytics.metrics.moves_between import moves_between
from springtide.analytics.metrics.strata_sizes import strata_sizes
from springtide.analytics.metrics.strata_trend import strata_trend
from springtide.kernel.errors import BadInput, NothingYet, UnknownName

LAST = date(2026, 3, 31)


def cells(rows, *names):
    return [tuple(getattr(row, name) for name in names) for row in rows]


def strata(lake, users, on=None, **others):
    """Publish the lifecycle of users (and other strata alike for all) as of a day; users with a star are not counted."""
    names = " ".join(others)
    rows = [
        f"{user} {'no' if stratum.endswith('*') else 'yes'} {stratum.rstrip('*')} {' '.join(others.values())}"
        for user, stratum in users.items()
    ]
    lake.has("strata", f"user_no is_counted lifecycle {names}\n" + "\n".join(rows), on=on)


def test_sizes_stand_beside_those_of_a_week_before(lake):
    strata(lake, {1: "repeat", 2: "repeat", 3: "lapsing", 4: "vip*"})
    strata(lake, {1: "repeat", 2: "lapsing"}, on="2026-03-24")
    answer = strata_sizes(lake.engine, lake.snapshot)
    assert (answer.as_of, answer.before) == (LAST, date(2026, 3, 24))
    assert [(row.stratum, row.users, row.before, row.change) for row in answer.rows if row.stratification == "lifecycle"] == [
        ("lapsing", 1, 1, 0),
        ("repeat", 2, 1, 1),
    ]


def test_strata_without_users_are_told_when_they_are_named_and_in_their_order(lake):
    strata(lake, {1: "vip"})
    answer = strata_sizes(lake.engine, lake.snapshot, names={"lifecycle": ["dormant", "vip"]})
    rows = [(row.stratum, row.users, row.before) for row in answer.rows if row.stratification == "lifecycle"]
    assert rows == [("dormant", 0, None), ("vip", 1, None)]


def test_what_is_not_available_has_a_reason_and_no_strata(lake):
    strata(lake, {1: "vip"})
    lake.note("definitions", {"d1": {"strata.lifecycle": "3.abcdef", "strata.assets": "1.fedcba"}})
    lake.closed_with("2026-03-31", definitions="d1", unavailable={"assets": "equity_usdt: no balances was given"})
    told = strata_sizes(lake.engine, lake.snapshot).as_dict()
    assert told["day"] == "2026-03-31"
    assert told["stratifications"]["lifecycle"] == {
        "version": 3, "available": True, "reason": None, "strata": {"vip": 1}, "before": None,
    }  # fmt: skip
    assert told["stratifications"]["assets"] == {
        "version": 1, "available": False, "reason": "equity_usdt: no balances was given", "strata": {}, "before": None,
    }  # fmt: skip


def test_a_day_without_snapshot_is_refused_with_the_nearest_one(lake):
    strata(lake, {1: "vip"})
    with pytest.raises(NothingYet, match="the nearest is 2026-03-31") as refused:
        strata_sizes(lake.engine, lake.snapshot, as_of=date(2026, 3, 5))
    assert refused.value.code == "not_kept"


def test_the_trend_has_the_kept_days_on_which_the_stratification_was_available(lake):
    strata(lake, {1: "vip", 2: "vip"})
    strata(lake, {1: "vip", 2: "repeat"}, on="2026-02-28")
    strata(lake, {1: "vip"}, on="2026-01-31")
    lake.closed_with("2026-01-31", unavailable={"lifecycle": "no trades"})
    answer = strata_trend(lake.engine, lake.snapshot, stratification="lifecycle")
    assert [(str(row.day), row.stratum, row.users) for row in answer.rows] == [
        ("2026-02-28", "repeat", 1),
        ("2026-02-28", "vip", 1),
        ("2026-03-31", "vip", 2),
    ]
    assert strata_trend(lake.engine, lake.snapshot, stratification="lifecycle", since=LAST).days == (LAST,)
    with pytest.raises(UnknownName, match="Did you mean 'lifecycle'"):
        strata_trend(lake.engine, lake.snapshot, stratification="life_cycle")


def test_the_map_counts_users_and_money_of_both_strata(lake):
    strata(lake, {1: "vip", 2: "vip", 3: "repeat", 4: "vip*"}, value="d9", assets="large")
    lake.has("profiles", """
        user_no  equity_usdt  net_revenue_90d_usdt
        1        100          3
        2        50.5         -1
        3        7            0
        4        900          90
    """)  # fmt: skip
    answer = lifecycle_value_map(lake.engine, lake.snapshot)
    money = ("equity_usdt", "net_revenue_90d_usdt")
    assert cells(answer.rows, "down_stratum", "across_stratum", "users", *money) == [
        ("repeat", "d9", 1, 7, 0),
        ("vip", "d9", 2, Decimal("150.5"), 2),
    ]
    across = lifecycle_value_map(lake.engine, lake.snapshot, down="value", across="assets").rows
    assert [(c.down_stratum, c.across_stratum, c.users) for c in across] == [("d9", "large", 3)]


def test_a_map_says_which_money_is_not_known_and_refuses_what_was_not_available(lake_of):
    lake = lake_of(given=["spot_trades"])
    strata(lake, {1: "vip"}, value="d9")
    lake.has("profiles", "user_no net_revenue_90d_usdt\n1 3")
    answer = lifecycle_value_map(lake.engine, lake.snapshot)
    assert cells(answer.rows, "equity_usdt", "net_revenue_90d_usdt") == [(None, 3)]
    assert answer.reasons == {"equity_usdt": "no balances or given aggregates (user_days) was given"}
    lake.closed_with("2026-03-31", unavailable={"value": "no fees"})
    with pytest.raises(NothingYet, match="'value' is not available: no fees"):
        lifecycle_value_map(lake.engine, lake.snapshot)


MOVES = """
    user_no  day         key             was           becomes     is_first
    1        2026-03-30  lifecycle       repeat        lapsing     no
    1        2026-03-31  lifecycle       lapsing       repeat      no
    2        2026-03-30  lifecycle       repeat        vip         no
    2        2026-03-31  lifecycle       vip           contract    no
    3        2026-03-31  lifecycle       -             registered  yes
    4        2026-03-31  lifecycle       repeat        lapsing     no
    5        2026-03-31  assets          small         large       no
    6        2026-03-31  lifecycle       repeat        lapsing     no
"""


def test_whoever_went_and_came_back_has_not_moved(lake):
    lake.has("moves", MOVES)
    lake.has("profiles", "user_no equity_usdt\n1 1\n2 20\n3 0\n4 4\n5 5\n6 6")
    strata(lake, {1: "repeat", 2: "contract", 3: "registered", 4: "lapsing", 5: "repeat", 6: "lapsing*"}, assets="large")
    two_days = moves_between(lake.engine, lake.snapshot, since=date(2026, 3, 30))
    rows = cells(two_days.rows, "from_stratum", "to_stratum", "users", "equity_usdt")
    assert rows == [
        ("small", "large", 1, 5),
        (None, "registered", 1, 0),
        ("repeat", "contract", 1, 20),
        ("repeat", "lapsing", 1, 4),
    ]
    assert two_days.matrix("lifecycle") == {
        (None, "registered"): 1, ("repeat", "contract"): 1, ("repeat", "lapsing"): 1, ("repeat", "repeat"): 2,
    }  # fmt: skip


def test_one_day_is_the_transition_matrix_from_the_day_before(lake):
    lake.has("moves", MOVES)
    lake.has("profiles", "user_no\n1")
    strata(lake, {1: "repeat", 2: "contract", 3: "registered", 4: "lapsing", 5: "repeat", 6: "lapsing*"}, assets="large")
    assert moves_between(lake.engine, lake.snapshot, stratification="lifecycle").matrix("lifecycle") == {
        ("lapsing", "repeat"): 1, ("vip", "contract"): 1, (None, "registered"): 1, ("repeat", "lapsing"): 1, ("repeat", "repeat"): 1,
    }  # fmt: skip


def test_without_the_snapshot_of_the_last_day_who_stayed_is_not_known(lake):
    lake.has("moves", MOVES)
    lake.has("profiles", "user_no\n1")
    strata(lake, {1: "repeat"})
    answer = moves_between(lake.engine, lake.snapshot, since=date(2026, 3, 29), until=date(2026, 3, 30))
    assert answer.stayed is None
    assert {row.equity_usdt for row in answer.rows} == {None}


def test_moves_that_cannot_be_told_are_refused(lake):
    strata(lake, {1: "repeat"})
    lake.closed_with("2026-03-31", unavailable={"assets": "no balances"})
    for asked, code in (
        ({"stratification": "life"}, "unknown_stratification"),
        ({"stratification": "assets"}, "not_available"),
        ({"since": LAST, "until": date(2026, 3, 1)}, "empty_range"),
        ({"until": date(2026, 4, 1)}, "not_closed"),
    ):
        with pytest.raises((BadInput, NothingYet)) as refused:
            moves_between(lake.engine, lake.snapshot, **asked)
        assert refused.value.code == code


paths = st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=4, max_size=4), min_size=1, max_size=8)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=paths)
def test_the_matrix_adds_up_to_the_sizes_of_both_days(lake_of, paths):
    """Users by their stratum on four days (none: not here yet, or no more once they came)."""
    lake = lake_of("2026-03-28", "2026-03-31")
    days = [date(2026, 3, 28) + timedelta(days=n) for n in range(4)]
    placed: list[list[str | None]] = []
    for path in paths:
        last: str | None = None
        placed.append([last := stratum or last for stratum in path])
    lake.has("profiles", "user_no\n" + "\n".join(str(user) for user in range(len(paths))))
    for day, now in zip(days, zip(*placed, strict=True), strict=True):
        strata(lake, {user: stratum for user, stratum in enumerate(now) if stratum}, on=str(day))
    lake.add(
        "moves",
        [
            (user, day, "stratum", "lifecycle", was, now, was is None)
            for user, path in enumerate(placed)
            for day, was, now in zip(days, [None, *path], path, strict=False)
            if now != was and now
        ],
    )
    matrix = moves_between(lake.engine, lake.snapshot, since=days[1], until=days[3]).matrix("lifecycle")
    expected: dict[tuple[str | None, str], int] = {}
    for path in placed:
        if path[3]:
            expected[path[0], path[3]] = expected.get((path[0], path[3]), 0) + 1
    assert matrix == expected
    sizes = {
        row.stratum: row.users for row in strata_sizes(lake.engine, lake.snapshot).rows if row.stratification == "lifecycle"
    }
    for stratum, users in sizes.items():
        assert users == sum(n for (_, to), n in matrix.items() if to == stratum)
