"""Moves: who stands elsewhere than yesterday, from where to where."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.strata import MOVES

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
def test_yesterdays_strata_and_the_moves_give_todays(tables, before, after):
    tables.strata("strata_before", [{"user_no": number, **standing} for number, standing in before.items()])
    tables.strata("strata", [{"user_no": number, **standing} for number, standing in after.items()])
    moved = moves(tables)
    assert all(is_first == (came_from is None) and came_from != went_to for _, _, _, _, came_from, went_to, is_first in moved)
    told = {(number, key): went_to for number, _, _, key, _, went_to, _ in moved}
    for number, standing in after.items():  # yesterday's strata and the moves give today's
        for key in ("tenure", "activity"):
            assert told.get((number, key), before.get(number, {}).get(key)) == standing[key]
