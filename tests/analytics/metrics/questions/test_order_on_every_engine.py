"""The questions that follow the order of events keep to the restricted dialect, and Spark answers what DuckDB answers."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.engine.dialect import lint
from springtide.analytics.metrics import questions
from springtide.analytics.metrics.questions.attempts import Shape, attempts_tables, with_tables
from tests.analytics.metrics.questions.asking import ask
from tests.analytics.metrics.questions.logs import crowd

ABC: list[dict[str, Any]] = [{"event": "a"}, {"event": "b"}, {"event": "c"}]
SHARED: list[dict[str, Any]] = [{"event": "a"}, {"event": ["a", "b"]}, {"event": None}]
WINDOW = {"value": 8, "unit": "second"}
EXCLUDED = [{"event": "d", "from_step": 1, "to_step": 2}, {"event": "c", "from_step": 2, "to_step": 3}]


@pytest.mark.parametrize("order", ["ordered", "strict", "unordered"])
@pytest.mark.parametrize("overlaps", [(), ((), (1,), (1, 2))])
@pytest.mark.parametrize("exclusions", [(), ((1, 2), (2, 3))])
@pytest.mark.parametrize("unit", [("user_no",), ("user_no", "value")])
def test_every_query_of_attempts_keeps_the_rules_of_the_dialect(order, overlaps, exclusions, unit):
    shape = Shape(3, order, 7, (None, 2, None), overlaps, exclusions, unit)
    marks = [f"is_{step}" for step in (1, 2, 3)] + [f"is_excluded_{number}" for number, _ in enumerate(exclusions, 1)]
    marked = f"select {', '.join([*unit, 'at_us', 'event_no', *marks])} from funnel_events"
    found = lint(with_tables(attempts_tables(marked, shape), "select * from attempts"))
    assert not found, "\n".join(map(str, found))


QUESTIONS: dict[str, dict[str, Any]] = {
    "ordered": {"kind": "funnel", "steps": ABC, "window": WINDOW},
    "with exclusions": {"kind": "funnel", "steps": ABC, "window": WINDOW, "exclusions": EXCLUDED},
    "shared events, a window of a step": {"kind": "funnel", "steps": [SHARED[0], SHARED[1] | {"window": WINDOW}, SHARED[2]]},
    "strict, by value": {
        "kind": "funnel", "steps": ABC, "order": "strict", "breakdown": {"props": ["coin"], "attribution": "all_events"},
    },
    "unordered, by step": {
        "kind": "funnel", "steps": SHARED, "order": "unordered", "window": WINDOW,
        "breakdown": {"props": ["coin"], "attribution": "step", "step": 2, "limit": 1},
    },
    "totals, by last touch": {
        "kind": "funnel", "steps": ABC, "count": "totals", "window": WINDOW, "exclusions": EXCLUDED,
        "breakdown": {"props": ["coin"], "attribution": "last_touch"},
    },
    "the first": {"kind": "funnel", "steps": ABC, "entry": "first", "date_from": "2026-03-01", "tz": "Europe/Berlin"},
    "time to convert": {"kind": "time_to_convert", "steps": ABC, "to_step": 2},
    "trend": {"kind": "funnel_trend", "steps": ABC, "period": "hour", "breakdown": {"props": ["coin"]}},
    "levels": {"kind": "funnel_level", "steps": SHARED, "window_seconds": 5},
    "levels apart": {"kind": "funnel_level", "steps": SHARED, "window_seconds": 5, "modes": ["strict_increase"]},
    "paths": {"kind": "paths", "session_gap_minutes": 1, "strip_trailing_slash": True, "start": "a"},
    "transitions": {"kind": "transitions", "path_by": "prop:coin"},
    "step matrix": {"kind": "step_matrix", "max_steps": 4},
    "sessions": {"kind": "sessions", "gap_minutes": 1},
    "pairs": {"kind": "pair_conversion", "start": {"event": "a"}, "end": {"event": "b"}, "within_events": 3},
}  # fmt: skip


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(spark):
    """One log for all: users with many attempts, equal times, and silences of a minute."""
    events = crowd(11, users=6) + crowd(12, users=6, unit=20)
    stream = questions.Stream(spark, questions.BroughtEvents(events), ZoneInfo("UTC"))
    for name, question in QUESTIONS.items():
        assert questions.ask(question, stream) == ask(question, events=events), name
