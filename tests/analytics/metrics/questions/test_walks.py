"""Paths, transitions, step matrices, sessions and pairs: what the plain reference says, on logs drawn at random."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springtide.kernel.errors import BadInput
from tests.analytics.metrics.questions import reference_walks as reference
from tests.analytics.metrics.questions.asking import ask
from tests.analytics.metrics.questions.logs import NAMES, log, logs, matchers
from tests.analytics.metrics.questions.same import is_same

GAPS = st.sampled_from((1, 2, 5))


def rows(told: list[list[object]]) -> list[list[object]]:
    return sorted(told, key=str)


@settings(max_examples=60, deadline=None)
@given(
    logs(unit=60),
    st.fixed_dictionaries(
        {"session_gap_minutes": GAPS},
        optional={
            "token": st.sampled_from(("event", "prop:page")),
            "max_steps": st.integers(2, 4),
            "start": st.sampled_from((*NAMES, "/x")),
            "strip_trailing_slash": st.booleans(),
            "activity": matchers(),
        },
    ),
)
def test_paths_are_those_of_the_reference(events, asked):
    told = ask({"kind": "paths", **asked}, events=events)
    expected = reference.paths(asked, events)
    assert rows(told["edges"]) == rows(expected["edges"])
    assert is_same(rows(told["avg_seconds"]), rows(expected["avg_seconds"]))


@settings(max_examples=50, deadline=None)
@given(logs(), st.sampled_from(({}, {"path_by": "user"}, {"path_by": "prop:coin"})))
def test_transitions_are_those_of_the_reference(events, asked):
    told = ask({"kind": "transitions", **asked}, events=events)
    assert rows(told["edges"]) == rows(reference.transitions(asked, events)["edges"])


@settings(max_examples=50, deadline=None)
@given(logs(), st.sampled_from(({}, {"path_by": "prop:coin"})), st.integers(1, 8))
def test_the_step_matrix_is_that_of_the_reference(events, asked, max_steps):
    asked = asked | {"max_steps": max_steps}
    told = ask({"kind": "step_matrix", **asked}, events=events)
    expected = reference.step_matrix(asked, events)
    assert is_same(told["share"], {name: [float(share) for share in shares] for name, shares in expected["share"].items()})


@settings(max_examples=50, deadline=None)
@given(logs(), st.integers(1, 4))
def test_every_walk_is_somewhere_at_every_step(events, max_steps):
    shares = ask({"kind": "step_matrix", "max_steps": max_steps}, events=events)["share"]
    for step in range(max_steps if events else 0):
        assert sum(share[step] for share in shares.values()) == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(logs(unit=60), GAPS)
def test_sessions_are_those_of_the_reference(events, gap_minutes):
    asked = {"gap_minutes": gap_minutes}
    assert ask({"kind": "sessions", **asked}, events=events) == reference.sessions(asked, events)


@settings(max_examples=60, deadline=None)
@given(
    logs(),
    st.fixed_dictionaries(
        {"start": matchers(), "end": matchers()},
        optional={
            "occurrence": st.sampled_from(("first", "last")),
            "within_seconds": st.integers(1, 9),
            "within_events": st.integers(1, 4),
        },
    ),
)
def test_pairs_are_those_of_the_reference(events, asked):
    assert is_same(ask({"kind": "pair_conversion", **asked}, events=events), reference.pair_conversion(asked, events))


@pytest.mark.parametrize(
    "question",
    [
        {"kind": "paths", "session_gap_minutes": 0},
        {"kind": "paths", "max_steps": 1},
        {"kind": "paths", "token": "page"},
        {"kind": "transitions", "path_by": "country"},
        {"kind": "step_matrix", "max_steps": 0},
        {"kind": "sessions", "gap_minutes": -1},
        {"kind": "pair_conversion", "start": {"event": "a"}},
        {"kind": "pair_conversion", "start": {"event": "a"}, "end": {"event": "b"}, "occurrence": "second"},
        {"kind": "pair_conversion", "start": {"event": "a"}, "end": {"event": "b"}, "within_seconds": 0},
        {"kind": "pair_conversion", "start": {"event": "a"}, "end": {"event": "b"}, "within_events": 0},
    ],
)
def test_what_cannot_be_walked_is_refused(question):
    with pytest.raises(BadInput) as seen:
        ask(question, events=log("ann a@0 b@1"))
    assert seen.value.hint, "a refusal says what is allowed"
