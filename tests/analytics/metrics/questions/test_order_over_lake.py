"""What follows the order of events is the same over the lake as over the same facts brought as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from springtide.home import Home
from springtide.kernel.settings import HomeSettings
from springtide.simulator.simulation import simulate
from tests.analytics.metrics.questions.asking import ask
from tests.analytics.metrics.questions.test_lake import events_of

REGISTERED, DEPOSITED, SPOT, CONTRACTS = (
    {"event": name} for name in ("registered", "deposited", "traded_spot", "traded_contracts")
)
CHAIN = [REGISTERED, DEPOSITED, SPOT]
WEEK = {"value": 7, "unit": "day"}
BY_RAIL = {"props": ["rail"], "attribution": "step", "step": 2}

QUESTIONS: list[dict[str, Any]] = [
    {"kind": "funnel", "steps": CHAIN, "window": WEEK},
    {"kind": "funnel", "steps": [*CHAIN, SPOT, CONTRACTS], "breakdown": BY_RAIL},
    {"kind": "funnel", "steps": CHAIN[1:], "count": "totals", "window": WEEK, "exclusions": [{"event": "withdrew"}]},
    {"kind": "funnel", "steps": CHAIN[1:], "order": "unordered", "entry": "first"},
    {"kind": "time_to_convert", "steps": CHAIN, "to_step": 2},
    {"kind": "funnel_trend", "steps": CHAIN, "period": "week"},
    {"kind": "funnel_level", "steps": CHAIN, "window_seconds": 86_400},
    {"kind": "pair_conversion", "start": DEPOSITED, "end": SPOT, "within_seconds": 86_400},
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Sixty users of thirty days, of an exchange that reports in Shanghai."""
    folder = tmp_path_factory.mktemp("in-order")
    simulate(users=60, days=30, seed=6, out=folder / "sim")
    home = Home.create(folder / "home", HomeSettings(reporting_zone="Asia/Shanghai"))
    home.import_path(folder / "sim" / "exchange", now=datetime(2026, 6, 1, tzinfo=UTC))
    home.close(now=datetime(2026, 6, 1, tzinfo=UTC))
    return home


def by_id(told: Any) -> Any:
    """With users in the order of their ids: the lake numbers them as they came, a file by their ids."""
    if isinstance(told, dict):
        return {key: [sorted(users) for users in value] if key == "users" else by_id(value) for key, value in told.items()}
    return told


@pytest.mark.slow
def test_the_lake_and_a_file_of_the_same_events_tell_the_same(home):
    events = events_of(home)
    for question in QUESTIONS:
        asked = question | {"tz": "Asia/Shanghai"}
        assert by_id(home.ask(asked)) == by_id(ask(asked, events=events)), question
    funnel = home.ask(QUESTIONS[0])
    opened = home.ask(QUESTIONS[0] | {"open": {"step": 3}})["opened"]
    assert opened["users"] == funnel["users"][2]
    assert len(opened["user_nos"]) == funnel["counts"][2] > 0
