"""The law of stratification: whatever is known of a user, exactly one stratum of each, the same in SQL and in Python."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.strata import EDGES, KEYS, load, strata_query

STRATIFICATIONS = load()
NEEDED = sorted({column for each in STRATIFICATIONS for column in each.columns} - set(EDGES))
QUERY = strata_query(STRATIFICATIONS)

# Near the edges on purpose; amounts in millionths of a USDT.
_days = st.sampled_from([0, 1, 2, 3, 7, 8, 15, 16, 30, 31, 60, 61, 90, 91, 99, 100, 180, 181, 365, 366])
_amounts = st.one_of(
    st.sampled_from([-1, 0, 1, 200_000, 999_999, 1_000_000, 10_000_000, 99_999_999, 100_000_000, 10**12]),
    st.integers(-(10**13), 10**13),
)
_texts = {"user_type": ["retail", "market_maker", "test"], "status": ["active", "frozen", "closed"]}


def _values(name: str) -> st.SearchStrategy[Any]:
    if name in _texts:
        return st.sampled_from(_texts[name])
    if PROFILE_TYPES[name] == "boolean":
        return st.booleans()
    if PROFILE_TYPES[name] == "double":
        return st.floats(0, 2, allow_nan=False)
    return _amounts if name.endswith("_usdt") else _days


profiles = st.fixed_dictionaries({name: st.one_of(st.none(), _values(name)) for name in NEEDED})
edges: st.SearchStrategy[list[int]] = st.one_of(
    st.just([]), st.lists(st.integers(1, 10**9), min_size=len(EDGES), max_size=len(EDGES)).map(sorted)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=st.lists(profiles, min_size=1, max_size=12), day=edges)
def test_every_user_stands_in_exactly_one_stratum_the_same_in_sql_and_python(tables, of, table, day):
    population = dict(zip(EDGES, day, strict=False))
    tables.population(**population)
    users = [of(**profile, user_no=place) for place, profile in enumerate(table)]
    tables.profiles(users)
    found = {row[0]: row[2:] for row in tables.rows(QUERY)}
    assert len(found) == len(users)
    for user in users:
        row = user | population
        placed = tuple(each.place(row).stratum.name for each in STRATIFICATIONS)
        first = tuple(next(s.name for s in each.strata if s.rule.holds(row)) for each in STRATIFICATIONS)
        assert found[user["user_no"]] == placed == first


def test_a_user_of_whom_nothing_is_known_is_placed_low_and_not_high(of):
    nobody = dict.fromkeys(of()) | {"user_no": 0, "is_counted": True}
    assert {each.key: each.place(nobody).stratum.name for each in STRATIFICATIONS} == {
        "lifecycle": "registered_stale",
        "tenure": "day0",
        "activity": "never_traded",
        "frequency": "none",
        "assets": "empty",
        "behaviour": "idle",
        "value": "zero",
        "incentive": "organic",
        "vip_distance": "far",
    }


def test_the_query_has_one_column_for_each_stratification_and_null_where_it_is_not_available(tables, of):
    tables.population()
    tables.profiles([of(tenure_days=3)])
    answer = tables.engine.rows(strata_query(STRATIFICATIONS, available={"tenure", "value"}))
    assert answer.columns == ("user_no", "is_counted", *KEYS)
    assert answer.values == [(0, True, None, "onboarding", None, None, None, None, "zero", None, None)]


def test_a_stratification_that_is_not_available_asks_for_none_of_its_columns(tables):
    tables.engine.make(
        "profiles", "select cast(1 as integer) as user_no, true as is_counted, cast(8 as integer) as tenure_days"
    )
    tables.engine.drop("population")
    found = tables.rows(strata_query(STRATIFICATIONS, available={"tenure"}))
    assert [row[:4] for row in found] == [(1, True, None, "settling")]
