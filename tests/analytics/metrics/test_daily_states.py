"""The seven daily states: by hand at every edge, and by plain counting with their identities."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.metrics.daily_states import STATES, daily_states
from springtide.kernel.errors import BadInput, NothingYet

LAST = date(2026, 3, 31)


def states(lake, **asked):
    return daily_states(lake.engine, lake.snapshot, **asked)


def state_on_the_last_day(lake_of, *ages):
    """The state, on the last day, of a user who traded so many days before it."""
    lake = lake_of()
    lake.has("profiles", "user_no\n1")
    lake.add_active_days([(1, LAST - timedelta(days=age), "trading") for age in ages])
    row = states(lake, since=LAST).rows[0]
    return [state for state in STATES if getattr(row, state)]


@pytest.mark.parametrize(
    ("ages", "state"),
    [
        ((0,), "new"),
        ((0, 1), "current"),
        ((0, 6), "current"),
        ((0, 7), "reactivated"),
        ((0, 29), "reactivated"),
        ((0, 30), "resurrected"),
        ((0, 80), "resurrected"),  # further back than the masks reach
        ((1,), "at_risk_wau"),
        ((6,), "at_risk_wau"),
        ((7,), "at_risk_mau"),
        ((29,), "at_risk_mau"),
        ((30,), "dormant"),
        ((80,), "dormant"),
    ],
)
def test_the_state_follows_the_days_of_the_week_and_the_month_before(lake_of, ages, state):
    assert state_on_the_last_day(lake_of, *ages) == [state]


def test_users_are_in_no_state_before_their_first_day(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-03-30")
    rows = states(lake, since=date(2026, 3, 29)).rows
    assert [(row.new, row.at_risk_wau, row.dormant) for row in rows] == [(0, 0, 0), (1, 0, 0), (0, 1, 0)]


def test_transitions_say_from_where_to_where_and_how_likely(lake):
    lake.has("profiles", "user_no\n1\n2\n3")
    lake.has_active_days("""
        user_no  product  day
        1        trading  2026-03-30
        1        trading  2026-03-31
        2        trading  2026-03-30
        3        trading  2026-03-31
    """)
    told = states(lake, since=date(2026, 3, 30)).transitions
    assert [(step.from_state, step.to_state, step.users, step.rate) for step in told] == [
        ("new", "at_risk_wau", 1, 0.5),
        ("new", "current", 1, 0.5),
        (None, "new", 1, None),
    ]


def test_employees_tests_and_market_makers_are_outside(lake):
    lake.has("profiles", "user_no is_counted\n1 no")
    lake.has_active_days("user_no product day\n1 trading 2026-03-31")
    assert states(lake).rows[-1].dau == 0


histories = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 89)), min_size=1, max_size=60)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(active=histories, near=st.integers(2, 7), far=st.sampled_from([8, 14, 30]))
def test_every_state_and_transition_agrees_with_plain_counting(lake_of, active, near, far):
    lake = lake_of("2026-01-01", "2026-03-31")
    first = date(2026, 1, 1)
    lake.has("profiles", "user_no\n0\n1\n2\n3")
    lake.add_active_days(sorted({(user, first + timedelta(days=day), "trading") for user, day in active}))
    by_user = {user: {first + timedelta(days=d) for u, d in active if u == user} for user, _ in active}

    def state(days, day):
        if day < min(days):
            return None
        is_near = any(day - timedelta(days=back) in days for back in range(1, near))
        is_far = any(day - timedelta(days=back) in days for back in range(1, far))
        if day in days:
            return "new" if day == min(days) else "current" if is_near else "reactivated" if is_far else "resurrected"
        return "at_risk_wau" if is_near else "at_risk_mau" if is_far else "dormant"

    answer = states(lake, near_days=near, far_days=far)
    assert answer.rows[0].day == LAST - timedelta(days=62 - far)
    for row in answer.rows:
        expected = Counter(state(days, row.day) for days in by_user.values())
        assert {name: getattr(row, name) for name in STATES} == {name: expected[name] for name in STATES}

        def active_within(width, day=row.day):
            return sum(any(day - timedelta(days=width) < one <= day for one in days) for days in by_user.values())

        assert row.dau == row.new + row.current + row.reactivated + row.resurrected == active_within(1)
        assert row.wau == row.dau + row.at_risk_wau == active_within(near)
        assert row.mau == row.wau + row.at_risk_mau == active_within(far)
    steps = Counter(
        (row.day, state(days, row.day - timedelta(days=1)), state(days, row.day))
        for row in answer.rows[1:]
        for days in by_user.values()
    )
    told = {(step.day, step.from_state, step.to_state): step.users for step in answer.transitions}
    assert told == {step: users for step, users in steps.items() if step[2] is not None}
    for day, was in {(step.day, step.from_state) for step in answer.transitions if step.from_state}:
        assert sum(step.rate for step in answer.transitions if (step.day, step.from_state) == (day, was)) == pytest.approx(1)


def test_thirty_three_days_can_be_told_and_no_more(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-01-05")
    assert len(states(lake).rows) == 33
    with pytest.raises(BadInput, match="from 2026-02-27 to 2026-03-31") as refused:
        states(lake, since=date(2026, 2, 26))
    assert refused.value.code == "out_of_reach"


@pytest.mark.parametrize(("near", "far"), [(1, 30), (30, 30), (7, 63)])
def test_windows_that_cannot_be_told_apart_are_refused(lake, near, far):
    with pytest.raises(BadInput) as refused:
        states(lake, near_days=near, far_days=far)
    assert refused.value.code == "bad_windows"


def test_a_source_by_week_has_no_daily_states(lake_of):
    lake = lake_of(given=["given_user_days"])
    lake.note("grains", ["week"])
    with pytest.raises(NothingYet, match="counts by week"):
        states(lake)
