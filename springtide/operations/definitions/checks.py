"""What a body of each kind must be, asked of the room that will read it: nothing is saved that could not be put in force."""

from __future__ import annotations

from typing import Final

from springtide.analytics import strata
from springtide.analytics.metrics.signals import annotation_of, answer_of
from springtide.home import sql
from springtide.operations.definitions.states import Body, Check


def _strata(key: str, body: Body) -> None:
    strata.of_content({"key": key, "version": 1, **body}, key, name=f"stratification '{key}'")


def _annotation(key: str, body: Body) -> None:
    annotation_of(key, key, body)


def _signal_answer(key: str, body: Body) -> None:
    answer_of(body)


def _saved_query(key: str, body: Body) -> None:
    sql.check(str(body.get("sql", "")))


CHECKS: Final[dict[str, Check]] = {
    "strata": _strata,
    "annotation": _annotation,
    "signal_answer": _signal_answer,
    "saved_query": _saved_query,
}
