"""The funnels of the engine: what the plain reference says, for every option, on small logs and on thousands drawn at random."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springtide.kernel.errors import BadInput
from tests.analytics.metrics.questions import reference_funnel as reference
from tests.analytics.metrics.questions.asking import ask
from tests.analytics.metrics.questions.logs import NAMES, crowd, funnels, log, logs
from tests.analytics.metrics.questions.same import assert_tells

AB = [{"event": "a"}, {"event": "b"}]
DAY = 86_400


@settings(max_examples=80, deadline=None)
@given(funnels(), logs())
def test_a_funnel_tells_what_the_reference_tells(question, events):
    assert_tells(ask(question, events=events), reference.funnel(question, events))


@settings(max_examples=80, deadline=None)
@given(funnels(), st.integers())
def test_a_funnel_of_thousands_of_small_logs_tells_it_too(question, seed):
    events = crowd(seed)
    assert_tells(ask(question, events=events), reference.funnel(question, events))


BREAKDOWNS = st.builds(
    lambda props, attribution: {"props": props, **attribution},
    st.sampled_from((["coin"], ["page"], ["coin", "page"])),
    st.sampled_from(
        ({"attribution": "first_touch"}, {"attribution": "last_touch"}, {"attribution": "all_events"}, {"attribution": "step"})
    ),
)


@settings(max_examples=60, deadline=None)
@given(funnels(max_steps=3), BREAKDOWNS, st.data(), st.integers())
def test_a_breakdown_tells_what_the_reference_tells(question, breakdown, data, seed):
    events = crowd(seed)
    if breakdown["attribution"] == "step":
        breakdown = breakdown | {"step": data.draw(st.integers(1, len(question["steps"])))}
    asked = question | {"breakdown": breakdown}
    assert_tells(ask(asked, events=events), reference.funnel(asked, events))


@settings(max_examples=40, deadline=None)
@given(funnels(min_steps=2, max_steps=3), st.integers(), st.data())
def test_the_time_to_convert_is_what_the_reference_tells(question, seed, data):
    events, steps = crowd(seed), len(question["steps"])
    from_step = data.draw(st.integers(1, steps - 1))
    asked = question | {
        "kind": "time_to_convert",
        "from_step": from_step,
        "to_step": data.draw(st.integers(from_step + 1, steps)),
    }
    asked |= {"count": "users"} | data.draw(st.sampled_from(({}, {"bin_count": 1}, {"bin_count": 3})))
    assert_tells(ask(asked, events=events), reference.time_to_convert(asked, events))


@settings(max_examples=40, deadline=None)
@given(funnels(min_steps=2, max_steps=3, unit="day"), st.integers(), st.sampled_from(("day", "week", "month")), st.data())
def test_the_trend_is_what_the_reference_tells(question, seed, period, data):
    events = crowd(seed, users=8, unit=DAY // 2 - 7000)
    asked = question | {
        "kind": "funnel_trend",
        "period": period,
        "tz": data.draw(st.sampled_from(("UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York"))),
        "week_start": data.draw(st.sampled_from(("monday", "sunday"))),
    }
    assert_tells(ask(asked, events=events), reference.funnel_trend(asked, events))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(lambda names: [{"event": name} for name in names]),
    st.integers(1, 8),
    st.lists(st.sampled_from(("strict_once", "strict_increase")), unique=True),
    logs(events=9),
)
def test_the_levels_are_those_of_every_chain_of_events(steps, window_seconds, modes, events):
    asked = {"kind": "funnel_level", "steps": steps, "window_seconds": window_seconds, "modes": modes}
    assert ask(asked, events=events) == reference.funnel_level(asked, events)


@settings(max_examples=40, deadline=None)
@given(funnels(), logs())
def test_counts_never_rise_and_the_users_of_a_step_were_in_the_one_before(question, events):
    told = ask(question, events=events)
    assert told["counts"] == sorted(told["counts"], reverse=True)
    for before, users in zip(told["users"], told["users"][1:], strict=False):
        assert set(users) <= set(before)


@settings(max_examples=25, deadline=None)
@given(funnels(max_steps=3), logs(), st.data())
def test_a_step_opens_into_the_users_that_are_counted_there(question, events, data):
    asked = question | {"count": "users", "breakdown": {"props": ["coin"]}}
    told = ask(asked, events=events)
    step = data.draw(st.integers(1, len(question["steps"])))
    opened = ask(asked | {"open": {"step": step}}, events=events)
    assert opened["opened"]["users"] == told["users"][step - 1]
    assert len(opened["opened"]["users"]) == told["counts"][step - 1]
    for group, within in told["groups"].items():
        opened = ask(asked | {"open": {"step": step, "group": group}}, events=events)
        assert opened["opened"]["users"] == within["users"][step - 1]


def test_a_user_with_many_attempts_has_each_counted():
    """Totals follow one another: two thousand attempts of one user take eleven rounds, not two thousand."""
    attempts = 2000
    events = log("ann  " + " ".join(f"a@{2 * n} b@{2 * n + 1}" for n in range(attempts)))
    told = ask({"kind": "funnel", "steps": AB, "count": "totals"}, events=events)
    assert told["counts"] == [attempts, attempts]


def test_the_days_of_a_range_are_those_of_the_zone():
    events = [["ann", "a", "2026-03-01T23:30:00-05:00"], ["ann", "b", "2026-03-02T23:59:59.999999-05:00"]]
    asked = {"kind": "funnel", "steps": AB, "tz": "America/New_York"}
    assert ask(asked | {"date_from": "2026-03-01", "date_to": "2026-03-02"}, events=events)["counts"] == [1, 1]
    assert ask(asked | {"date_from": "2026-03-01", "date_to": "2026-03-01"}, events=events)["counts"] == [1, 0]
    assert ask(asked | {"tz": "UTC", "date_to": "2026-03-02"}, events=events)["counts"] == [1, 0]


def refused(**asked: Any) -> BadInput:
    with pytest.raises(BadInput) as seen:
        ask({"kind": "funnel", "steps": AB, **asked}, events=log("ann a@0 b@1"))
    assert seen.value.hint, "a refusal says what is allowed"
    return seen.value


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ({"steps": []}, "steps"),
        ({"steps": AB * 20}, "40 steps"),
        ({"order": "orderd"}, "orderd"),
        ({"window": {"value": 0, "unit": "day"}}, "0"),
        ({"window": {"value": -1, "unit": "day"}}, "-1"),
        ({"window": {"value": 1, "unit": "fortnight"}}, "fortnight"),
        ({"window": {"value": 10**12, "unit": "month"}}, "1000000000000"),
        ({"window": 7}, "window"),
        ({"steps": [{"event": "a"}, {"event": "b", "window": {"value": 0, "unit": "day"}}]}, "0"),
        ({"steps": [{"event": "a", "window": {"value": 1, "unit": "day"}}, {"event": "b"}]}, "first step"),
        ({"order": "unordered", "steps": [{"event": "a"}, {"event": "b", "window": {"value": 1, "unit": "day"}}]}, "unordered"),
        ({"entry": "last"}, "last"),
        ({"count": "sessions"}, "sessions"),
        ({"exclusions": [{"event": "x", "from_step": 0, "to_step": 1}]}, "0"),
        ({"exclusions": [{"event": "x", "from_step": 1, "to_step": 3}]}, "3"),
        ({"exclusions": [{"event": "x", "from_step": 2, "to_step": 2}]}, "2"),
        ({"exclusions": [{"event": "x", "from_step": 2, "to_step": 1}]}, "2"),
        ({"breakdown": {"props": []}}, "props"),
        ({"breakdown": {"props": ["coin"], "attribution": "second_touch"}}, "second_touch"),
        ({"breakdown": {"props": ["coin"], "attribution": "step", "step": 3}}, "3"),
        ({"breakdown": {"prop": "coin"}}, "prop"),
        ({"date_from": "2026-03-02", "date_to": "2026-03-01"}, "2026-03-02"),
        ({"tz": "Mars/Olympus"}, "Mars/Olympus"),
        ({"windw": {"value": 1, "unit": "day"}}, "windw"),
        ({"open": {"step": 3}}, "3"),
        ({"open": {"step": 1, "group": "BTC"}}, "group"),
    ],
)
def test_what_cannot_be_a_funnel_is_refused_with_what_was_seen(asked, seen):
    assert seen in refused(**asked).message


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "time_to_convert", "from_step": 2, "to_step": 2},
        {"kind": "time_to_convert", "from_step": 1, "to_step": 3},
        {"kind": "time_to_convert", "bin_count": 0},
        {"kind": "time_to_convert", "count": "totals"},
        {"kind": "funnel_trend", "from_step": 0},
        {"kind": "funnel_trend", "period": "fortnight"},
        {"kind": "funnel_level", "window_seconds": 0},
        {"kind": "funnel_level", "window_seconds": 5, "modes": ["strict"]},
        {"kind": "funnel_level"},
    ],
)
def test_what_its_relatives_cannot_answer_is_refused(asked):
    refused(**asked)


def test_an_empty_log_has_an_answer():
    assert_tells(ask({"kind": "funnel", "steps": AB}, events=[]), reference.funnel({"steps": AB}, []))
    assert ask({"kind": "time_to_convert", "steps": AB}, events=[]) == {"seconds": {}, "average": None, "bins": []}
    assert ask({"kind": "funnel_level", "steps": AB, "window_seconds": 1}, events=[]) == {"levels": {}}
