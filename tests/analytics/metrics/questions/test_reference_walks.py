"""The plain paths, transitions, step matrices, sessions and pairs against answers worked out by hand."""

from __future__ import annotations

import pytest

from tests.analytics.metrics.questions.logs import log
from tests.analytics.metrics.questions.reference_walks import pair_conversion, paths, sessions, step_matrix, transitions

MINUTE = 60


def test_a_path_collapses_equal_neighbours_and_splits_at_the_gap():
    events = log(f"ann a@0 a@10 b@30 a@{30 + 30 * MINUTE} c@{40 + 30 * MINUTE}")
    assert paths({}, events) == {
        "edges": [["1_a", "2_b", 1], ["1_a", "2_c", 1]],
        "avg_seconds": [["1_a", "2_b", 30.0], ["1_a", "2_c", 10.0]],
    }


def test_a_path_begins_at_its_start_and_ends_after_its_steps():
    events = log("ann a@0 b@1 c@2 d@3\nbob a@0 c@1")
    assert paths({"start": "b", "max_steps": 2}, events)["edges"] == [["1_b", "2_c", 1]]


def test_a_path_of_pages_may_leave_out_the_trailing_slash():
    events = log("ann a@0[page=/] a@1[page=/x/] a@2[page=/x] a@3")
    assert paths({"token": "prop:page", "strip_trailing_slash": True}, events)["edges"] == [["1_/", "2_/x", 1]]


def test_a_walk_goes_from_its_start_to_its_end():
    assert transitions({}, log("ann a@0 b@1 a@2 b@3\nbob a@0")) == {
        "edges": [["a", "b", 2], ["a", "path_end", 1], ["b", "a", 1], ["b", "path_end", 1], ["path_start", "a", 2]]
    }


def test_a_walk_may_follow_a_property_instead_of_a_user():
    events = log("ann a@0[visit=1] b@1[visit=2] c@2[visit=1] d@3")
    assert transitions({"path_by": "prop:visit"}, events) == {
        "edges": [["a", "c", 1], ["b", "path_end", 1], ["c", "path_end", 1], ["path_start", "a", 1], ["path_start", "b", 1]]
    }


def test_in_the_step_matrix_a_walk_that_ended_stays_at_its_end():
    assert step_matrix({"max_steps": 4}, log("ann a@0 b@1\nbob b@0")) == {
        "share": {
            "a": [0, 0.5, 0, 0],
            "b": [0, 0.5, 0.5, 0],
            "path_end": [0, 0, 0.5, 1],
            "path_start": [1, 0, 0, 0],
        }
    }


def test_a_session_goes_on_over_a_gap_of_exactly_the_limit():
    events = log(f"ann a@0 a@{30 * MINUTE} a@{60 * MINUTE + 0.000001}\nbob a@7")
    assert sessions({}, events) == {"session_index": {"ann": [1, 1, 2], "bob": [1]}}


@pytest.mark.parametrize(
    ("asked", "converted"),
    [
        ({}, 2),
        ({"within_seconds": 5}, 2),
        ({"within_seconds": 4}, 1),
        ({"within_events": 2}, 2),
        ({"within_events": 1}, 1),
        ({"occurrence": "last"}, 1),
    ],
)
def test_a_pair_converts_when_the_end_follows_soon_and_close_enough(asked, converted):
    events = log("ann a@0 b@1 a@2\nbob a@0 x@1 b@5\ncat b@0 a@1\ndan x@0")
    told = pair_conversion({"start": {"event": "a"}, "end": {"event": "b"}, **asked}, events)
    assert told == {"started": 3, "converted": converted, "base_rate": pytest.approx(converted / 3)}
