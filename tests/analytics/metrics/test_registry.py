"""The registry says what every metric means, and the pages are made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from springtide.analytics import metrics
from springtide.analytics.metrics.registry import BY_KEY, METRICS, index_page, page

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "metrics"
AGAIN = "renew it: ./run docs"


def test_keys_are_unique_and_every_field_says_something():
    assert len(BY_KEY) == len(METRICS)
    for metric in METRICS:
        assert metric.asks.endswith("?")
        assert all(metric.formula), metric.key
        for name in ("grain", "over", "empty", "excludes", "owner"):
            assert getattr(metric, name), f"{metric.key}.{name}"


def test_every_definition_belongs_to_a_metric():
    room = Path(metrics.__path__[0])
    files = {str(file.relative_to(room).with_suffix("")) for folder in ("", "served") for file in (room / folder).glob("*.sql")}
    named = {name for metric in METRICS for name in metric.definitions}
    assert files - {"user_timeline"} == {name for name in named if not name.startswith("changes/")}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.key)
def test_the_page_is_made_from_the_registry(metric):
    assert (DOCS / f"{metric.key}.md").read_text(encoding="utf-8") == page(metric), AGAIN


def test_the_index_lists_every_metric_and_no_page_is_left_over():
    assert (DOCS / "index.md").read_text(encoding="utf-8") == index_page(), AGAIN
    assert {file.stem for file in DOCS.glob("*.md")} == {"index", *BY_KEY}


def test_every_metric_can_be_measured(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-03-01")
    lake.has("strata", "user_no lifecycle value\n1 vip d9")
    lake.has_active_days("user_no product day\n1 trading 2026-03-31")
    for metric in METRICS:
        answer = metric.measure(lake.engine, lake.snapshot)
        assert isinstance(answer.as_dict(), dict), metric.key
