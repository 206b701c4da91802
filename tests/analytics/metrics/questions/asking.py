"""Asking in tests: as `springtide.ask`, over one engine that stays, so that thousands of small logs are asked in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import DuckEngine
from springtide.analytics.metrics import questions


@cache
def _engine() -> DuckEngine:
    return DuckEngine(memory_limit="512MB", threads=1)


def ask(question: Mapping[str, Any], *, events: Sequence[Any], **log: Any) -> dict[str, Any]:
    """The answer over events that a person brought."""
    stream = questions.Stream(_engine(), questions.BroughtEvents(events, **log), ZoneInfo("UTC"))
    return questions.ask(question, stream)
