"""Laws of segments: in a pass it has the users that it has alone; not, and, or are complement, common and either."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics import strata
from springtide.analytics.daybook.tables import PROFILES
from springtide.analytics.engine import DuckEngine
from springtide.analytics.segments import (
    Condition,
    Known,
    Segment,
    in_order,
    members_query,
    needed_by,
    placed_query,
    size_query,
)
from springtide.analytics.segments.segment import SegmentCircle
from springtide.analytics.strata import STRATA

USERS = 24


@pytest.fixture(scope="module")
def engine():
    """Users whose figures run through every value and through null."""
    engine = DuckEngine(memory_limit="256MB", threads=1)
    profiles, stood = [], []
    for user in range(USERS):
        known = {
            "user_no": user,
            "is_counted": user % 7 > 0,
            "tenure_days": user % 5,
            "equity_usdt": None if user % 4 == 3 else user * 1_000_000,
            "country": [None, "SG", "VN"][user % 3],
        }
        profiles.append(tuple(known.get(column.name) for column in PROFILES))
        where = {"user_no": user, "is_counted": user % 7 > 0, "lifecycle": ["repeat", "lapsing", "dormant"][user % 3]}
        stood.append(tuple(where.get(column.name) for column in STRATA))
    engine.table("profiles", PROFILES, profiles)
    engine.table("strata", STRATA, stood)
    yield engine
    engine.close()


_leaves = st.sampled_from(
    [
        "tenure_days >= 2",
        "equity_usdt < 9",
        "country = 'SG'",
        "country is null",
        "lifecycle in ('repeat', 'dormant')",
        "is_counted",
    ]
)
_texts = st.recursive(
    _leaves,
    lambda texts: st.one_of(
        st.tuples(texts, st.sampled_from(["and", "or"]), texts).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        texts.map(lambda text: f"not ({text})"),
    ),
    max_leaves=5,
)


def segment(key, text):
    return Segment(key, 1, key, condition=Condition.parse(text, Known()))


def members(engine, segments):
    """Key → users, by one pass."""
    ordered = in_order(segments)
    engine.make("placed", placed_query(ordered, {}))
    found: dict[str, set[int]] = {one.key: set() for one in ordered}
    for user, key in engine.rows(members_query([one.key for one in ordered])).values:
        found[key].add(user)
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=_texts, b=_texts)
def test_not_and_or_of_segments_are_complement_common_and_either(engine, a, b):
    made = [segment("a", a), segment("b", b)]
    told = {
        "not_a": "not segment('a')",
        "both": "segment('a') and segment('b')",
        "either": "segment('a') or segment('b')",
        "neither": "not segment('either')",
        "twice": "not segment('not_a')",
    }
    found = members(engine, [*(segment(key, text) for key, text in told.items()), *made])
    everyone = set(range(USERS))
    assert found["not_a"] == everyone - found["a"]
    assert found["both"] == found["a"] & found["b"]
    assert found["either"] == found["a"] | found["b"]
    assert found["neither"] == everyone - found["either"]
    assert found["twice"] == found["a"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(_texts, min_size=1, max_size=4), links=st.lists(st.integers(0, 3), max_size=4))
def test_a_segment_in_the_pass_has_the_users_it_has_alone_and_its_size_is_theirs_who_count(engine, texts, links):
    segments = []
    for number, text in enumerate(texts):
        if number and number <= len(links):
            text = f"({text}) or segment('s{links[number - 1] % number}')"
        segments.append(segment(f"s{number}", text))
    together = members(engine, segments)
    by_key = {one.key: one for one in segments}
    for one in segments:
        chain = needed_by(one, by_key)
        assert members(engine, chain)[one.key] == together[one.key]
        size = engine.rows(size_query(one.condition, chain[:-1], {})).scalar()
        assert size == len({user for user in together[one.key] if user % 7 > 0})


@pytest.mark.parametrize(
    ("links", "circle"),
    [({"a": "a"}, "a → a"), ({"a": "b", "b": "a"}, "a → b → a"), ({"a": "b", "b": "c", "c": "b"}, "b → c → b")],
)
def test_a_circle_is_refused_and_shown(links, circle):
    with pytest.raises(SegmentCircle) as refused:
        in_order([segment(key, f"not segment('{other}')") for key, other in links.items()])
    assert circle in refused.value.message


def test_a_chain_of_two_hundred_segments_is_one_pass(engine):
    chain = [segment("s0", "tenure_days >= 2")]
    chain += [segment(f"s{n}", f"segment('s{n - 1}') and tenure_days >= 0") for n in range(1, 200)]
    found = members(engine, chain[::-1])
    assert found["s199"] == found["s0"] != set()


def test_every_stratum_that_ships_may_be_named():
    for one in strata.load():
        assert segment("x", f"{one.key} = '{one.strata[0].name}'").condition.columns == (one.key,)
