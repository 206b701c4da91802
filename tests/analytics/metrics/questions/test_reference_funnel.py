"""The plain funnel against answers worked out by hand: what the engine is later held to."""

from __future__ import annotations

import pytest

from tests.analytics.metrics.questions.logs import log
from tests.analytics.metrics.questions.reference_funnel import funnel, funnel_level, funnel_trend, time_to_convert

AB = [{"event": "a"}, {"event": "b"}]
ABC = [*AB, {"event": "c"}]
TEN = {"value": 10, "unit": "second"}


def counts(events, **asked):
    return funnel({"steps": ABC, **asked}, log(events))["counts"]


def test_other_events_may_lie_between():
    assert counts("ann  a@0 x@1 b@2 x@3 c@4") == [1, 1, 1]


def test_a_step_before_its_time_does_not_count():
    assert counts("ann  b@0 a@1 c@2") == [1, 0, 0]


def test_equal_times_count_as_in_order_whichever_came_in_first():
    assert counts("ann  c@5 b@5 a@5") == [1, 1, 1]


def test_the_edge_of_the_window_belongs_to_it():
    assert counts("ann  a@0 b@10", window=TEN) == [1, 1, 0]
    assert counts("ann  a@0 b@10.000001", window=TEN) == [1, 0, 0]


def test_the_window_runs_from_the_first_step():
    assert counts("ann  a@0 b@8 c@12", window=TEN) == [1, 1, 0]


def test_a_step_may_have_a_window_of_its_own_from_the_step_before():
    steps = [{"event": "a"}, {"event": "b", "window": {"value": 3, "unit": "second"}}, {"event": "c"}]
    assert counts("ann  a@0 b@3 c@50", steps=steps) == [1, 1, 1]
    assert counts("ann  a@0 b@4 c@5", steps=steps) == [1, 0, 0]


def test_the_best_attempt_counts_and_the_first_only_when_asked():
    events = "ann  a@0 a@20 b@25"
    assert counts(events, window=TEN) == [1, 1, 0]
    assert counts(events, window=TEN, entry="first") == [1, 0, 0]


def test_of_equal_attempts_the_earliest_gives_the_seconds():
    answer = funnel({"steps": AB}, log("ann  a@0 a@4 b@10"))
    assert answer["avg_seconds"] == [None, 10.0]


def test_one_event_fills_one_step():
    steps = [{"event": "a"}, {"event": "a"}]
    assert counts("ann  a@0", steps=steps) == [1, 0]
    assert counts("ann  a@0 a@0", steps=steps) == [1, 1]


def test_strict_wants_the_very_next_event():
    assert counts("ann  a@0 b@1 x@2 c@3", order="strict") == [1, 1, 0]
    assert counts("ann  a@0 x@1 a@2 b@3 c@4", order="strict") == [1, 1, 1]


def test_unordered_takes_any_order_and_fills_the_first_open_step():
    assert counts("ann  c@0 a@1 b@2", order="unordered") == [1, 1, 1]
    both = [{"event": ["a", "b"]}, {"event": "a"}]
    assert counts("ann  b@0 a@1", order="unordered", steps=both) == [1, 1]
    assert counts("ann  a@0 b@1", order="unordered", steps=both) == [1, 0], "a took the first step, and b matches no other"


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ("ann  a@0 x@1 b@2", ([0, 0], 1)),
        ("ann  a@0 b@2 x@3", ([1, 1], 0)),  # after the last step
        ("ann  a@0 x@0 b@2", ([1, 1], 0)),  # strictly after the first
        ("ann  a@0 x@2 b@2", ([1, 1], 0)),  # strictly before the second
        ("ann  a@0 x@10", ([0, 0], 1)),  # while the window is open
        ("ann  a@0 x@11", ([1, 0], 0)),
        ("ann  a@0 x@1 a@2 b@3", ([1, 1], 1)),  # the second attempt stands
    ],
)
def test_an_excluded_event_between_its_steps_voids_the_attempt(events, told):
    excluded = [{"event": "x", "from_step": 1, "to_step": 2}]
    answer = funnel({"steps": AB, "window": TEN, "exclusions": excluded}, log(events))
    assert (answer["counts"], answer["voided"]) == told


@pytest.mark.parametrize(
    ("events", "totals"),
    [
        ("ann  a@0 b@1 a@2 b@3", [2, 2]),  # again after a conversion
        ("ann  a@0 a@1 b@2", [1, 1]),  # not while the first is on its way
        ("ann  a@0 a@11 b@12", [2, 1]),  # again after the time is out
        ("ann  a@0 a@10 b@11", [1, 0]),  # the last instant of the window is inside
        ("ann  a@0 x@1 a@2 b@3", [1, 1]),  # again after an exclusion
    ],
)
def test_totals_count_one_attempt_after_the_other(events, totals):
    excluded = [{"event": "x", "from_step": 1, "to_step": 2}]
    assert counts(events, steps=AB, window=TEN, exclusions=excluded, count="totals") == totals


def test_seconds_run_from_the_step_before_and_quantiles_are_nearest_ranks():
    answer = funnel({"steps": AB}, log("ann a@0 b@1\nbob a@0 b@2\ncat a@0 b@9\ndan a@0"))
    assert answer["avg_seconds"] == [None, 4.0]
    assert answer["median_seconds"] == [None, 2.0]
    assert answer["quantile_seconds"] == {"p25": [None, 1.0], "p75": [None, 9.0], "p90": [None, 9.0]}
    assert answer["users"] == [["ann", "bob", "cat", "dan"], ["ann", "bob", "cat"]]


@pytest.mark.parametrize(
    ("attribution", "groups"),
    [
        ({"attribution": "first_touch"}, {"BTC": [2, 2], "": [1, 0]}),
        ({"attribution": "last_touch"}, {"ETH": [1, 1], "BTC": [1, 1], "": [1, 0]}),
        ({"attribution": "step", "step": 2}, {"ETH": [1, 1], "BTC": [1, 1], "": [1, 0]}),
        ({"attribution": "all_events"}, {"BTC": [2, 1], "": [1, 0]}),
    ],
)
def test_a_breakdown_takes_the_value_where_it_is_told(attribution, groups):
    events = log("ann a@0[coin=BTC] b@1[coin=ETH]\nbob a@0[coin=BTC] b@1[coin=BTC]\ncat a@0")
    answer = funnel({"steps": AB, "breakdown": {"props": ["coin"], **attribution}}, events)
    assert {value: told["counts"] for value, told in answer["groups"].items()} == groups


def test_several_properties_are_joined_with_a_bar():
    events = log("ann a@0[coin=BTC][side=buy] b@1\nbob a@0[coin=BTC]")
    answer = funnel({"steps": AB, "breakdown": {"props": ["coin", "side"]}}, events)
    assert {value: told["users"] for value, told in answer["groups"].items()} == {
        "BTC|buy": [["ann"], ["ann"]],
        "BTC|": [["bob"], []],
    }


def test_time_to_convert_puts_the_seconds_in_bins():
    events = log("ann a@0 b@2\nbob a@0 b@4\ncat a@0 b@12\ndan a@0")
    assert time_to_convert({"steps": AB, "bin_count": 2}, events) == {
        "seconds": {"ann": 2.0, "bob": 4.0, "cat": 12.0},
        "average": 6.0,
        "bins": [[2, 2], [7, 1]],
    }


def test_the_trend_is_a_funnel_of_the_attempts_that_start_in_each_period():
    day = 86_400
    events = log(f"ann a@0 b@{day} a@{2 * day}\nbob a@{2 * day} b@{2 * day + 1}")
    assert funnel_trend({"steps": AB, "period": "day", "window": {"value": 2, "unit": "day"}}, events) == {
        "periods": ["2026-03-01", "2026-03-02", "2026-03-03"],
        "reached_from": [1, 0, 2],
        "reached_to": [1, 0, 1],
        "rate_percent": [100.0, None, 50.0],
    }


@pytest.mark.parametrize(("modes", "level"), [([], 2), (["strict_once"], 1), (["strict_increase"], 1)])
def test_a_level_may_let_one_event_fill_two_steps(modes, level):
    asked = {"steps": [{"event": "a"}, {"event": ["a", "b"]}], "window_seconds": 10, "modes": modes}
    assert funnel_level(asked, log("ann a@0")) == {"levels": {"ann": level}}


@pytest.mark.parametrize(("modes", "level"), [([], 2), (["strict_once"], 2), (["strict_increase"], 1)])
def test_a_level_takes_equal_times_unless_they_must_increase(modes, level):
    assert funnel_level({"steps": AB, "window_seconds": 10, "modes": modes}, log("ann b@0 a@0")) == {"levels": {"ann": level}}
