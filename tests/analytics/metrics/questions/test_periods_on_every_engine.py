"""Questions by period keep to the restricted dialect, and Spark answers what DuckDB answers: of brought events and of the lake."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.engine.dialect import lint
from springtide.analytics.metrics import questions
from springtide.analytics.metrics.questions.lake_events import LakeEvents
from springtide.analytics.metrics.questions.stream import Stream
from tests.analytics.metrics.questions.asking import ask
from tests.exchange import Exchange

FILES = sorted(Path(questions.__path__[0]).glob("*.sql"))
BERLIN = {"tz": "Europe/Berlin", "date_from": "2026-03-20", "date_to": "2026-04-05"}
COHORTS = {"tz": "Europe/Berlin", "cohort_from": "2026-03-20", "cohort_to": "2026-04-05", "intervals": 4}
A, B, COIN = {"event": "a"}, {"event": ["a", "b"]}, {"prop": "coin", "limit": 1}
PLAN = {"event": None, "where": [{"prop": "plan", "op": "neq", "value": "free", "scope": "user"}]}

QUESTIONS: dict[str, dict[str, Any]] = {
    "on": {"kind": "retention", "start": A, "return": B, **COHORTS, "breakdown": COIN},
    "on or after, by week": {"kind": "retention", "start": A, "return": B, "period": "week", "counting": "on_or_after", **COHORTS},
    "rolling": {"kind": "retention", "start": A, "return": B, "windows": "rolling", "cohort_rule": "first_match", **COHORTS},
    "lifecycle": {"kind": "lifecycle", "activity": PLAN, "new_by": "profile_created", "period": "day", **BERLIN},
    "stickiness": {"kind": "stickiness", "activity": B, **BERLIN, "open": {"periods": 2}},
    "daily states": {"kind": "daily_states", "near_days": 3, "far_days": 5, "max_dormant_days": 4},
    "trend": {
        "kind": "trend", "period": "hour", "breakdown": COIN, **BERLIN,
        "series": [A | {"math": "sum", "prop": "amount"}, B | {"math": "unique_users"}],
    },
    "cumulative": {"kind": "cumulative", "prop": "amount", "days": ["2026-03-31"], "window": "trailing_1_months"},
    "conversion rate": {"kind": "conversion_rate", "base": A, "conversion": B, "by": "day", "window_days": 2, **BERLIN},
    "index": {"kind": "retention_index", "start": A | {"where": [{"prop": "coin", "op": "contains", "value": "'\\"}]}},
}  # fmt: skip
USERS = {"u0": {"plan": "free"}, "u1": {"plan": "pro", "created_at": "2026-03-28T23:30:00+00:00"}}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_definition_keeps_the_rules_of_the_dialect(file):
    found = lint(file.read_text(encoding="utf-8"))
    assert not found, "\n".join(map(str, found))


def brought() -> list[list[Any]]:
    """Four users over three weeks around a change of the clock, always the same ones."""
    found = []
    for number in range(120):
        day, hour = 20 + number * 7 % 17, number * 5 % 24
        instant = f"2026-{3 if day < 32 else 4:02}-{day if day < 32 else day - 31:02}T{hour:02}:{number * 13 % 60:02}:00+00:00"
        properties = {"coin": ("BTC", "ETH", "SOL'\\")[number % 3], "amount": number / 8} if number % 4 else {}
        found.append([f"u{number * 3 % 4}", "abc"[number % 3], instant, properties])
    return found


LAKE_QUESTIONS: dict[str, dict[str, Any]] = {
    "from masks": {"kind": "retention", "start": {"event": "traded_spot"}, "return": {"event": "traded_spot"}, "intervals": 4},
    "from masks, first": {"kind": "retention", "start": {"event": "registered"}, "return": {"event": "traded_spot"}, "intervals": 4},
    "from days": {"kind": "lifecycle", "activity": {"event": ["traded_spot", "deposited"]}},
    "by stratum": {
        "kind": "trend", "series": [{"event": None}], "breakdown": {"prop": "activity@start", "scope": "user"},
    },
    "by stratum now": {"kind": "trend", "series": [{"event": None}], "breakdown": {"prop": "tenure", "scope": "user"}},
    "of JSON": {
        "kind": "trend", "series": [{"event": "quiz", "math": "sum", "prop": "score"}, {"event": "quiz"}], "breakdown": {"prop": "score"},
    },
    "everyone": {"kind": "trend", "series": [{"event": "traded_spot", "math": "sum", "prop": "notional_usdt"}], "everyone": True},
}  # fmt: skip


@pytest.fixture
def exchange(tmp_path):
    exchange = Exchange.at(tmp_path)
    exchange.has("users", """
        user  registered_at     user_type
        ann   2026-03-01T00:00  retail
        bob   2026-03-02T00:00  retail
        eve   2026-03-02T00:00  employee
    """)  # fmt: skip
    exchange.has("spot_trades", """
        event_id  user  executed_at       notional_usdt
        t1        ann   2026-03-01T10:00  100
        t2        bob   2026-03-02T10:00  50
        t3        eve   2026-03-02T11:00  9
        t4        ann   2026-03-04T10:00  10
    """)  # fmt: skip
    exchange.has("events", """
        event_id  user  happened_at       name  properties
        q1        ann   2026-03-01T09:00  quiz  {"score":5.0}
        q2        ann   2026-03-01T09:01  quiz  {"score":2.5}
        q3        bob   2026-03-03T09:01  quiz  {"score":"5"}
        q4        bob   2026-03-03T09:02  quiz  {"other":true}
    """)  # fmt: skip
    exchange.closes(date(2026, 3, 4))
    return exchange


def over(exchange: Exchange, engine: Any, question: dict[str, Any]) -> dict[str, Any]:
    zone = ZoneInfo("UTC")
    return questions.ask(question, Stream(engine, LakeEvents(exchange.lake.snapshot(), zone), zone))


def test_numbers_in_json_are_summed_and_texts_are_not(exchange):
    told = over(exchange, exchange.engine, LAKE_QUESTIONS["of JSON"])
    assert told["series"] == [[7.5, 0.0, 0.0, 0.0], [2, 0, 2, 0]]
    assert set(told["groups"]) == {"5", "2.5", ""}


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(spark, exchange):
    events = brought()
    stream = Stream(spark, questions.BroughtEvents(events, users=USERS), ZoneInfo("UTC"))
    for name, question in QUESTIONS.items():
        if name == "index":
            events_of_one = [event for event in events if event[0] == "u1"]
            here = ask(question, events=events_of_one)
            there = questions.ask(question, Stream(spark, questions.BroughtEvents(events_of_one), ZoneInfo("UTC")))
        else:
            here, there = ask(question, events=events, users=USERS), questions.ask(question, stream)
        assert there == here, name
    for name, question in LAKE_QUESTIONS.items():
        assert over(exchange, spark, question) == over(exchange, exchange.engine, question), name
