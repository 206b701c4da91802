"""Moves, transitions and sizes: what changed, from where to where, and how many stand where."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.strata import MOVES, SIZES, TRANSITIONS

DAY = date(2026, 3, 31)


def moves(tables):
    return tables.sorted(MOVES.text, day=DAY)


def test_only_who_stands_elsewhere_than_yesterday_has_moved(tables):
    tables.strata(
        "strata_before", [{"user_no": 1, "tenure": "settling", "activity": "active"}, {"user_no": 2, "tenure": "young"}]
    )
    tables.strata("strata", [{"user_no": 1, "tenure": "young", "activity": "active"}, {"user_no": 2, "tenure": "young"}])
    assert moves(tables) == [(1, DAY, "stratum", "tenure", "settling", "young", False)]


def test_a_user_who_is_new_comes_from_nowhere_into_every_stratification(tables):
    tables.strata("strata_before", [{"user_no": 1, "tenure": "young", "activity": "active"}])
    tables.strata(
        "strata",
        [{"user_no": 1, "tenure": "young", "activity": "active"}, {"user_no": 2, "tenure": "day0", "activity": "never_traded"}],
    )
    assert moves(tables) == [
        (2, DAY, "stratum", "activity", None, "never_traded", True),
        (2, DAY, "stratum", "tenure", None, "day0", True),
    ]


def test_a_stratification_that_becomes_available_places_everybody_and_one_that_ceases_moves_nobody(tables):
    tables.strata("strata_before", [{"user_no": 1, "tenure": "young", "activity": "active"}])
    tables.strata("strata", [{"user_no": 1, "tenure": "young", "assets": "small"}])
    assert moves(tables) == [(1, DAY, "stratum", "assets", None, "small", True)]


def test_on_the_first_day_everybody_is_new_and_a_user_who_is_gone_leaves_no_row(tables):
    tables.strata("strata_before", [])
    tables.strata("strata", [{"user_no": 1, "tenure": "day0"}])
    assert moves(tables) == [(1, DAY, "stratum", "tenure", None, "day0", True)]
    tables.strata("strata_before", [{"user_no": 1, "tenure": "day0"}, {"user_no": 2, "tenure": "day0"}])
    assert moves(tables) == []


def test_transitions_count_who_stayed_who_moved_who_came_and_who_went(tables):
    tables.strata(
        "strata_before",
        [
            {"user_no": 1, "activity": "active"},
            {"user_no": 2, "activity": "active"},
            {"user_no": 3, "activity": "active", "is_counted": False},
            {"user_no": 4, "activity": "lost"},
        ],
    )
    tables.strata(
        "strata",
        [
            {"user_no": 1, "activity": "active"},
            {"user_no": 2, "activity": "cooling"},
            {"user_no": 3, "activity": "active", "is_counted": False},
            {"user_no": 5, "activity": "never_traded"},
        ],
    )
    assert tables.sorted(TRANSITIONS.text) == [
        ("activity", "active", "active", False, 1),
        ("activity", "active", "active", True, 1),
        ("activity", "active", "cooling", True, 1),
        ("activity", "lost", None, True, 1),
        ("activity", None, "never_traded", True, 1),
    ]


def test_a_stratification_known_on_one_of_the_two_days_has_no_transitions(tables):
    tables.strata("strata_before", [{"user_no": 1, "tenure": "young", "assets": "small"}])
    tables.strata("strata", [{"user_no": 1, "tenure": "young", "activity": "active"}])
    assert tables.sorted(TRANSITIONS.text) == [("tenure", "young", "young", True, 1)]


def test_sizes_tell_counted_users_apart_and_leave_out_what_is_not_available(tables):
    tables.strata(
        "strata",
        [
            {"user_no": 1, "tenure": "young"},
            {"user_no": 2, "tenure": "young"},
            {"user_no": 3, "tenure": "young", "is_counted": False},
            {"user_no": 4, "tenure": "day0"},
        ],
    )
    assert tables.sorted(SIZES.text) == [
        ("tenure", "day0", True, 1),
        ("tenure", "young", False, 1),
        ("tenure", "young", True, 2),
    ]


_standing = st.fixed_dictionaries(
    {
        "tenure": st.sampled_from(["day0", "young"]),
        "activity": st.sampled_from(["active", "cooling", "lost"]),
        "is_counted": st.booleans(),
    }
)
_days = st.dictionaries(st.integers(0, 15), _standing, max_size=10)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_days, after=_days)
def test_moves_transitions_and_sizes_add_up(tables, before, after):
    tables.strata("strata_before", [{"user_no": number, **standing} for number, standing in before.items()])
    tables.strata("strata", [{"user_no": number, **standing} for number, standing in after.items()])
    sizes = Counter({(key, stratum): 0 for key, stratum, _, _ in tables.rows(SIZES.text)})
    for key, stratum, _, users in tables.rows(SIZES.text):
        sizes[key, stratum] += users
    for key in ("tenure", "activity") if after else ():
        assert sum(users for (told, _), users in sizes.items() if told == key) == len(after)

    steps = tables.rows(TRANSITIONS.text)
    if before and after:
        for key in ("tenure", "activity"):
            mine = [step for step in steps if step[0] == key]
            assert sum(users for _, came_from, _, _, users in mine if came_from) == len(before)
            assert sum(users for _, _, went_to, _, users in mine if went_to) == len(after)
    else:
        assert steps == []

    moved = moves(tables)
    assert all(is_first == (came_from is None) and came_from != went_to for _, _, _, _, came_from, went_to, is_first in moved)
    told = {(number, key): went_to for number, _, _, key, _, went_to, _ in moved}
    for number, standing in after.items():  # yesterday's strata and the moves give today's
        for key in ("tenure", "activity"):
            assert told.get((number, key), before.get(number, {}).get(key)) == standing[key]
    if before and after:
        changed = Counter((key, came_from, went_to) for _, _, _, key, came_from, went_to, _ in moved)
        crossed: Counter[tuple[str, str | None, str]] = Counter()
        for key, came_from, went_to, _, users in steps:
            if went_to and came_from != went_to:
                crossed[key, came_from, went_to] += users
        assert changed == crossed
