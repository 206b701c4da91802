"""Every cell that counts users opens into as many, and one that counts events into those who made them."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springtide.analytics.metrics.questions import KINDS, kind_of
from springtide.kernel.errors import BadInput
from tests.analytics.metrics.questions.asking import ask
from tests.analytics.metrics.questions.logs import NAMES, crowd

HOUR = 3600
# What names no users in a cell: an answer by user, one of labels, and one of a single start and return.
BY_ITSELF = {"sessions", "movers", "retention_index"}


def opened(question, events, **cell):
    told = ask(question | {"open": cell}, events=events)["opened"]
    assert len(told["users"]) == len(told["user_nos"]) == len(set(told["users"]))
    return told["users"]


def drawn(unit):
    return st.integers(0, 10_000).map(lambda seed: crowd(seed, users=12, events=8, unit=unit))


def test_every_kind_that_counts_users_can_be_opened():
    assert {name for name in KINDS if "open" not in {key.name for key in kind_of(name).keys}} == BY_ITSELF


@settings(max_examples=12, deadline=None)
@given(events=drawn(9 * HOUR))
def test_a_state_of_a_day(events):
    question = {"kind": "daily_states", "activity": {"event": ["a", "b"]}, "near_days": 3, "far_days": 6, "max_dormant_days": 9}
    for day, states in ask(question, events=events)["totals"].items():
        for state, users in states.items():
            assert len(opened(question, events, date=day, state=state)) == users


@settings(max_examples=12, deadline=None)
@given(events=drawn(9 * HOUR), split=st.booleans())
def test_users_of_a_period_and_of_a_group(events, split):
    question = {"kind": "trend", "series": [{"event": "a", "math": "unique_users"}], "period": "day",
                **({"breakdown": {"prop": "coin", "limit": 1}} if split else {})}  # fmt: skip
    if not any(name == "a" for _, name, *_ in events):
        return
    told = ask(question, events=events)
    for period, users in enumerate(told["series"][0]):
        assert len(opened(question, events, series=0, period=period)) == users
        for group, series in told.get("groups", {}).items():
            assert len(opened(question, events, series=0, period=period, group=group)) == series[0][period]


@settings(max_examples=12, deadline=None)
@given(events=drawn(1), by=st.sampled_from(["user", "prop:coin"]))
def test_walks_that_go_a_way_and_walks_at_a_step(events, by):
    question = {"kind": "transitions", "path_by": by}
    for come, go, count in ask(question, events=events)["edges"]:
        users = opened(question, events, **{"from": come, "to": go})
        assert users
        if by == "user" and come == "path_start":
            assert len(users) == count  # a walk begins once
    question = {"kind": "step_matrix", "path_by": by, "max_steps": 4}
    share = ask(question, events=events)["share"]
    walks = len({user for user, *_ in events}) if by == "user" else None
    for event, shares in share.items():
        for step, one in enumerate(shares, 1):
            users = opened(question, events, event=event, step=step)
            assert bool(users) == bool(one)
            if walks:
                assert len(users) == round(one * walks)


def test_what_adds_up_opens_those_who_made_it_in_the_window():
    events = [["ann", "pay", "2026-03-01T10:00:00Z", {"sum": 5}], ["ben", "pay", "2026-03-08T10:00:00Z", {"sum": 2}],
              ["cho", "pay", "2026-03-08T11:00:00Z", {}], ["dan", "look", "2026-03-08T11:00:00Z", {}]]  # fmt: skip
    question = {"kind": "cumulative", "activity": {"event": "pay"}, "days": ["2026-03-01", "2026-03-08"]}
    assert opened(question, events, day="2026-03-08") == ["ann", "ben", "cho"]
    assert opened(question, events, day="2026-03-01") == ["ann"]
    assert opened(question | {"window": "trailing_7_days"}, events, day="2026-03-08") == ["ben", "cho"]
    assert opened(question | {"prop": "sum"}, events, day="2026-03-08") == ["ann", "ben"]


@settings(max_examples=12, deadline=None)
@given(events=drawn(9 * HOUR), by=st.sampled_from(["all", "day", "prop:coin"]))
def test_base_events_of_a_key_open_their_users_and_those_with_conversions(events, by):
    question = {"kind": "conversion_rate", "base": {"event": "a"}, "conversion": {"event": "b"}, "by": by}
    if not {"a", "b"} <= {name for _, name, *_ in events}:
        return
    bases = defaultdict(set)
    for user, name, time, properties in events:
        if name == "a":
            bases[{"all": "all", "day": time[:10], "prop:coin": properties.get("coin", "")}[by]].add(user)
    for key, rate in ask(question, events=events)["rate"].items():
        users = opened(question, events, key=key)
        assert set(users) == bases[key]
        credited = opened(question, events, key=key, cell="credited")
        assert set(credited) <= set(users)
        assert bool(credited) == bool(rate)


EVENTS = [["ann", name, f"2026-03-0{n}T00:00:00Z", {}] for n, name in enumerate(NAMES, 1)]


@pytest.mark.parametrize(
    ("question", "cell", "code"),
    [
        ({"kind": "daily_states"}, {"date": "2026-03-01", "state": "sleepy"}, "unknown_choice"),
        ({"kind": "daily_states"}, {"state": "new"}, "missing_key"),
        ({"kind": "cumulative", "days": ["2026-03-01"]}, {"day": "2026-03-02"}, "unknown_period"),
        ({"kind": "trend", "series": [{"event": "a"}]}, {"series": 0, "period": 0, "group": "x"}, "no_groups"),
        ({"kind": "transitions"}, {"from": "a"}, "missing_key"),
        ({"kind": "step_matrix", "max_steps": 3}, {"event": "a", "step": 4}, "bad_number"),
        ({"kind": "conversion_rate", "base": {"event": "a"}, "conversion": {"event": "b"}}, {"key": "x"}, "unknown_group"),
    ],
)
def test_a_cell_that_is_not_there_is_told(question, cell, code):
    with pytest.raises(BadInput) as refused:
        opened(question, EVENTS, **cell)
    assert refused.value.code == code
