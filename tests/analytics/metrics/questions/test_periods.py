"""Questions by period: what the plain reference says, on random logs over clock changes, ends of months and starts of weeks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springtide.kernel.errors import BadInput
from tests.analytics.metrics.questions import reference_periods as reference
from tests.analytics.metrics.questions.asking import ask
from tests.analytics.metrics.questions.logs import matchers
from tests.analytics.metrics.questions.same import assert_tells
from tests.analytics.metrics.questions.spans import zoned

PERIODS = st.sampled_from(("day", "week", "month"))


def of(clock: dict[str, Any], *without: str) -> dict[str, Any]:
    return {key: value for key, value in clock.items() if key not in without}


def cohorts(clock: dict[str, Any]) -> dict[str, Any]:
    renamed = {"date_from": "cohort_from", "date_to": "cohort_to"}
    return {renamed.get(key, key): value for key, value in clock.items()}


RETENTION = st.fixed_dictionaries(
    {"start": matchers(), "return": matchers(), "period": PERIODS, "intervals": st.integers(1, 5)},
    optional={
        "counting": st.sampled_from(("on", "on_or_after")),
        "cohort_rule": st.sampled_from(("every_period", "first_match")),
        "windows": st.sampled_from(("calendar", "rolling")),
        "observe_beyond_last_cohort": st.booleans(),
        "min_return_count": st.integers(1, 3),
        "brackets": st.sampled_from(([[1, 1], [2, 4]], [[1, 3]], [[2, 2], [1, 5], [6, 9]])),
        "breakdown": st.builds(lambda limit: {"prop": "coin", "limit": limit}, st.integers(1, 3)),
    },
)


@settings(max_examples=200, deadline=None)
@given(RETENTION, zoned())
def test_retention_is_that_of_the_reference(asked, drawn):
    clock, events = drawn
    question = {"kind": "retention", **asked, **cohorts(clock)}
    assert_tells(ask(question, events=events), reference.retention(question, events))


@settings(max_examples=60, deadline=None)
@given(RETENTION, zoned(period="hour"))
def test_retention_by_the_hour_is_that_of_the_reference(asked, drawn):
    clock, events = drawn
    question = {"kind": "retention", **asked, **cohorts(clock), "period": "hour"}
    question["cohort_to"] = question["cohort_from"]
    assert_tells(ask(question, events=events), reference.retention(question, events))


@settings(max_examples=80, deadline=None)
@given(RETENTION, zoned(), st.data())
def test_a_cell_opens_into_as_many_users_as_it_counts(asked, drawn, data):
    clock, events = drawn
    question = {"kind": "retention", **asked, **cohorts(clock)}
    told = ask(question, events=events)
    row = data.draw(st.integers(0, len(told["cohorts"]) - 1))
    column = data.draw(st.integers(0, len(told["matrix"][row]) - 1))
    group = data.draw(st.sampled_from(sorted(told["groups"]))) if told.get("groups") else None
    cell = {"cohort": told["cohorts"][row], "column": column} | ({"group": group} if group is not None else {})
    opened = ask(question | {"open": cell}, events=events)["opened"]
    matrix = told["groups"][group] if group is not None else told["matrix"]
    assert len(opened["users"]) == len(opened["user_nos"]) == matrix[row][column]


@settings(max_examples=80, deadline=None)
@given(RETENTION, zoned())
def test_on_or_after_is_never_less_than_on(asked, drawn):
    clock, events = drawn
    question = {"kind": "retention", **of(asked, "brackets", "breakdown"), **cohorts(clock)}
    on, after = (ask(question | {"counting": counting}, events=events)["matrix"] for counting in ("on", "on_or_after"))
    for row, row_after in zip(on, after, strict=True):
        assert all(mine <= theirs for mine, theirs in zip(row, row_after, strict=True))
        assert all(mine >= later for mine, later in pairwise(row_after)), "it never rises"
        assert all(mine <= row[0] for mine in row)


ACTIVITY = st.fixed_dictionaries({"period": PERIODS}, optional={"activity": matchers()})


@settings(max_examples=80, deadline=None)
@given(ACTIVITY, st.booleans(), zoned())
def test_stickiness_is_that_of_the_reference(asked, is_cumulative, drawn):
    clock, events = drawn
    question = {"kind": "stickiness", "cumulative": is_cumulative, **asked, **clock}
    assert_tells(ask(question, events=events), reference.stickiness(question, events))


@settings(max_examples=80, deadline=None)
@given(ACTIVITY, st.sampled_from(("first_activity", "profile_created")), zoned())
def test_the_lifecycle_is_that_of_the_reference(asked, new_by, drawn):
    clock, events = drawn
    users = {"u0": {"created_at": f"{clock['date_from']}T03:00:00+00:00"}, "u1": {}}
    question = {"kind": "lifecycle", "new_by": new_by, **asked, **clock}
    assert_tells(ask(question, events=events, users=users), reference.lifecycle(question, events, users))


@settings(max_examples=80, deadline=None)
@given(ACTIVITY, zoned())
def test_the_active_of_a_period_are_new_returning_or_resurrecting(asked, drawn):
    clock, events = drawn
    told = ask({"kind": "lifecycle", **asked, **clock}, events=events)
    series = [asked.get("activity", {"event": None}) | {"math": "unique_users"}]
    whole = {"date_from": told["periods"][0]}  # the lifecycle takes its first period whole
    active = ask({"kind": "trend", "series": series, "period": asked["period"], **clock, **whole}, events=events)["series"][0]
    assert active == [sum(parts) for parts in zip(told["new"], told["returning"], told["resurrecting"], strict=True)]


@settings(max_examples=80, deadline=None)
@given(
    st.fixed_dictionaries(
        {"max_dormant_days": st.integers(0, 9)},
        optional={"near_days": st.integers(2, 5), "far_days": st.integers(8, 12), "activity": matchers()},
    ),
    zoned(),
)
def test_the_daily_states_are_those_of_the_reference(asked, drawn):
    clock, events = drawn
    question = {"kind": "daily_states", **asked, **({"far_days": 30} | asked), "tz": clock["tz"]}
    assert_tells(ask(question, events=events), reference.daily_states(question, events))


def test_the_users_of_a_day_and_their_moves_add_up():
    events = [["a", "x", "2026-03-01T00:00:00Z"], ["b", "x", "2026-03-01T00:00:00Z"], ["a", "x", "2026-03-09T00:00:00Z"]]
    told = ask({"kind": "daily_states", "max_dormant_days": 1}, events=events)
    assert told["totals"]["2026-03-02"] == {"at_risk_wau": 2}
    assert told["transitions"][0] == ["2026-03-02", "new", "at_risk_wau", 2]
    assert told["states"]["a"][8] == ["2026-03-09", "reactivated"]
    assert told["states"]["b"][-1] == ["2026-03-02", "at_risk_wau"]


SERIES = st.lists(
    st.builds(
        lambda matcher, math: matcher | {"math": math} | ({"prop": "amount"} if math == "sum" else {}),
        matchers(),
        st.sampled_from(("total", "unique_users", "sum", "active_7d", "active_30d")),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {"series": SERIES, "period": PERIODS},
        optional={"breakdown": st.builds(lambda limit: {"prop": "coin", "limit": limit}, st.integers(1, 3))},
    ),
    zoned(),
)
def test_a_trend_is_that_of_the_reference(asked, drawn):
    clock, events = drawn
    question = {"kind": "trend", **asked, **clock}
    assert_tells(ask(question, events=events), reference.trend(question, events))


@settings(max_examples=60, deadline=None)
@given(zoned(period="hour"))
def test_a_trend_by_the_hour_is_that_of_the_reference(drawn):
    clock, events = drawn
    question = {"kind": "trend", "series": [{"event": None}, {"event": "a", "math": "unique_users"}], **clock}
    question["date_to"] = question["date_from"]
    assert_tells(ask(question, events=events), reference.trend(question, events))


def test_a_formula_takes_the_place_of_its_series_and_divides_by_nothing_as_null():
    events = [["a", "x", "2026-03-01T00:00:00Z"], ["a", "y", "2026-03-01T01:00:00Z"], ["b", "y", "2026-03-02T01:00:00Z"]]
    question = {
        "kind": "trend", "series": [{"event": "y"}, {"event": "x"}], "formula": "100 * A / B - 1", "date_from": "2026-03-01",
        "date_to": "2026-03-02", "shift_days": 1,
    }  # fmt: skip
    told = ask(question, events=events)
    assert told["series"] == [[99.0, None]]
    assert told["shifted"] == {"periods": ["2026-02-28", "2026-03-01"], "series": [[None, 99.0]]}


def test_a_value_of_a_trend_opens_into_its_users():
    events = [["a", "x", "2026-03-01T00:00:00Z"], ["a", "x", "2026-03-01T01:00:00Z"], ["b", "y", "2026-03-02T01:00:00Z"]]
    question = {"kind": "trend", "series": [{"event": "x"}, {"event": "y"}], "date_from": "2026-03-01", "date_to": "2026-03-02"}
    assert ask(question | {"open": {"series": 0, "period": 0}}, events=events)["opened"]["users"] == ["a"]
    assert ask(question | {"open": {"series": 1, "period": 1}}, events=events)["opened"]["users"] == ["b"]


WINDOWS = ("all_time", "month_to_date", "trailing_1_months", "trailing_3_months", "trailing_7_days", "trailing_1_days")


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(WINDOWS),
    st.lists(st.sampled_from(("2026-02-28", "2026-03-29", "2026-03-31", "2026-05-31", "2028-02-29")), min_size=1, unique=True),
    zoned(),
)
def test_what_adds_up_is_what_the_reference_says(window, days, drawn):
    clock, events = drawn
    question = {"kind": "cumulative", "prop": "amount", "window": window, "days": days, "tz": clock["tz"]}
    assert_tells(ask(question, events=events), reference.cumulative(question, events))


@settings(max_examples=80, deadline=None)
@given(
    st.fixed_dictionaries(
        {"base": matchers(), "conversion": matchers()},
        optional={"window_days": st.integers(1, 9), "by": st.sampled_from(("all", "day", "prop:coin"))},
    ),
    zoned(),
)
def test_a_conversion_rate_is_that_of_the_reference(asked, drawn):
    clock, events = drawn
    question = {"kind": "conversion_rate", **asked, "tz": clock["tz"]}
    assert_tells(ask(question, events=events), reference.conversion_rate(question, events))


def test_a_day_of_the_range_without_a_base_event_has_no_rate():
    events = [["a", "x", "2026-03-01T00:00:00Z"], ["a", "y", "2026-03-02T00:00:00Z"]]
    asked = {"kind": "conversion_rate", "base": {"event": "x"}, "conversion": {"event": "y"}, "by": "day"}
    told = ask(asked | {"date_from": "2026-03-01", "date_to": "2026-03-02"}, events=events)
    assert told == {"rate": {"2026-03-01": 1.0, "2026-03-02": None}}


@pytest.mark.parametrize(
    ("question", "start", "back", "index"),
    [
        ({"period": "day"}, "2026-03-01T23:59:00+00:00", "2026-03-02T00:00:00+00:00", 1),
        ({"period": "day", "windows": "rolling"}, "2026-03-01T23:59:00+00:00", "2026-03-02T23:00:00+00:00", 1),
        ({"period": "day", "windows": "rolling"}, "2026-03-01T23:00:00+00:00", "2026-03-02T22:59:00+00:00", 0),
        ({"period": "day", "windows": "rolling", "rounding": "day"}, "2026-03-01T23:00:00+00:00", "2026-03-02T00:01:00+00:00", 1),
        ({"period": "week", "week_start": "sunday"}, "2026-03-07T12:00:00+00:00", "2026-03-08T12:00:00+00:00", 1),
        ({"period": "week"}, "2026-03-07T12:00:00+00:00", "2026-03-08T12:00:00+00:00", 0),
        ({"period": "month"}, "2026-01-31T12:00:00+00:00", "2026-03-01T12:00:00+00:00", 2),
        ({"period": "month", "windows": "rolling"}, "2026-01-31T12:00:00+00:00", "2026-03-02T12:00:00+00:00", 1),
        # Berlin's 29 March has 23 hours: a day later by the calendar, not by the clock.
        ({"period": "day", "tz": "Europe/Berlin"}, "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00", 1),
        (
            {"period": "day", "tz": "Europe/Berlin", "windows": "rolling", "rounding": "day"},
            "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00", 1,
        ),
        ({"period": "day", "tz": "Europe/Berlin", "windows": "rolling"}, "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00", 0),
    ],
)  # fmt: skip
def test_the_index_of_a_return(question, start, back, index):
    told = ask({"kind": "retention_index", **question}, events=[["a", "start", start], ["a", "return", back]])
    assert told == {"index": index}


def test_who_never_comes_back_has_no_index():
    assert ask({"kind": "retention_index"}, events=[["a", "start", "2026-03-01T00:00:00Z"]]) == {"index": None}


def test_cells_whose_time_has_not_passed_are_not_complete():
    """The log ends on the evening of 18 March: the third week is not over."""
    events = [["a", "s", "2026-03-02T09:00:00Z"], ["b", "s", "2026-03-10T09:00:00Z"], ["a", "r", "2026-03-18T20:00:00Z"]]
    question = {
        "kind": "retention", "start": {"event": "s"}, "return": {"event": "r"}, "period": "week", "cohort_from": "2026-03-02",
        "cohort_to": "2026-03-15", "intervals": 3,
    }  # fmt: skip
    told = ask(question, events=events)
    assert told["matrix"] == [[1, 0, 1], [1, 0, 0]]
    assert told["complete"] == [[True, True, False], [True, False, False]]


GOOD = {"start": {"event": "a"}, "return": {"event": "b"}, "cohort_from": "2026-03-01", "cohort_to": "2026-03-31"}


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"kind": "retenshun"}, "unknown_kind"),
        ({"kind": "retention", **GOOD, "intervalls": 3}, "unknown_key"),
        ({"kind": "retention", **GOOD, "start": {"evnt": "a"}}, "unknown_key"),
        ({"kind": "retention", **GOOD, "start": None}, "missing_key"),
        ({"kind": "retention", **GOOD, "cohort_to": "2026-02-01"}, "empty_range"),
        ({"kind": "retention", **GOOD, "intervals": 0}, "bad_number"),
        ({"kind": "retention", **GOOD, "intervals": True}, "bad_number"),
        ({"kind": "retention", **GOOD, "min_return_count": -1}, "bad_number"),
        ({"kind": "retention", **GOOD, "counting": "onn"}, "unknown_choice"),
        ({"kind": "retention", **GOOD, "brackets": [[3, 1]]}, "bad_bracket"),
        ({"kind": "retention", **GOOD, "breakdown": {"prop": "coin", "limit": 10_000}}, "bad_number"),
        ({"kind": "retention", **GOOD, "breakdown": {}}, "missing_key"),
        ({"kind": "retention", **GOOD, "cohort_from": "1970-01-01"}, "date_out_of_range"),
        ({"kind": "retention", **GOOD, "cohort_to": "2200-01-01"}, "date_out_of_range"),
        ({"kind": "retention", **GOOD, "cohort_to": "next week"}, "bad_date"),
        ({"kind": "retention", **GOOD, "tz": "Mars/Olympus"}, "unknown_zone"),
        ({"kind": "retention", **GOOD, "period": "hour", "cohort_from": "2010-01-01"}, "too_many_periods"),
        ({"kind": "retention", **GOOD, "open": {"cohort": "2025-01-01"}}, "unknown_cohort"),
        ({"kind": "retention", **GOOD, "open": {"cohort": "2026-03-02", "group": "x"}}, "no_groups"),
        ({"kind": "retention", **GOOD, "start": {"event": ["a"] * 101}}, "bad_event"),
        (
            {"kind": "retention", **GOOD, "start": {"event": "a", "where": [{"prop": "c", "op": "like", "value": "x"}]}},
            "unknown_choice",
        ),
        (
            {"kind": "retention", **GOOD, "start": {"event": "a", "where": [{"prop": "c", "op": "in", "value": []}]}},
            "bad_value",
        ),
        ({"kind": "stickiness", "date_from": "2026-03-02", "date_to": "2026-03-01"}, "empty_range"),
        ({"kind": "lifecycle", "new_by": "luck"}, "unknown_choice"),
        ({"kind": "daily_states", "near_days": 7, "far_days": 7}, "bad_windows"),
        ({"kind": "trend", "series": []}, "bad_list"),
        ({"kind": "trend", "series": [{"event": "a", "math": "sum"}]}, "missing_key"),
        ({"kind": "trend", "series": [{"event": "a", "math": "active_7d"}], "period": "hour"}, "bad_period"),
        ({"kind": "trend", "series": [{"event": "a"}], "formula": "A + C"}, "unknown_series"),
        ({"kind": "trend", "series": [{"event": "a"}], "formula": "__import__('os')"}, "bad_formula"),
        ({"kind": "cumulative", "prop": "x", "window": "trailing_0_days", "days": ["2026-03-01"]}, "unknown_choice"),
        ({"kind": "cumulative", "prop": "x", "window": "all_time", "days": []}, "bad_list"),
        ({"kind": "conversion_rate", "base": "a", "conversion": "b", "window_days": 0}, "bad_number"),
        ({"kind": "conversion_rate", "base": "a", "conversion": "b", "by": "moon"}, "unknown_choice"),
        ({"kind": "movers", "current": {"a": 1}, "past": [1]}, "bad_values"),
    ],
)
def test_what_cannot_be_meant_is_refused(question, code):
    with pytest.raises(BadInput) as seen:
        ask(question, events=[["u", "a", "2026-03-01T00:00:00Z"]])
    assert seen.value.code == code
    assert seen.value.hint, "a refusal says what is allowed"


def test_a_misspelt_key_is_told_with_the_nearest_one():
    with pytest.raises(BadInput) as seen:
        ask({"kind": "retention", **GOOD, "conting": "on"}, events=[])
    assert seen.value.hint == "Did you mean 'counting'?"


def test_every_question_can_be_asked_of_nothing():
    for question in (
        {"kind": "retention", **GOOD},
        {"kind": "stickiness"},
        {"kind": "lifecycle"},
        {"kind": "daily_states"},
        {"kind": "trend", "series": [{"event": "a"}]},
        {"kind": "cumulative", "prop": "x", "days": ["2026-03-01"]},
        {"kind": "conversion_rate", "base": "a", "conversion": "b"},
        {"kind": "retention_index"},
    ):
        assert ask(question, events=[])
