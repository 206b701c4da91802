"""What people said to a signal: seen, explained, or looked into and nothing found. An explained shift can begin a new baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.kernel.ids import content_hash

ANSWERS = ("acknowledged", "explained", "none_found")
NAMES = ("metric", "group", "day", "direction", "answer", "note", "annotation", "baseline_since")
DIRECTIONS = ("up", "down")


@dataclass(frozen=True)
class SignalAnswer:
    """One answer to one signal. `baseline_since`: the level is another from that day on, and so is what is usual."""

    metric: str
    group: str | None
    day: date
    direction: str
    answer: str
    note: str = ""
    annotation: str | None = None  # the key of what explains it
    baseline_since: date | None = None

    @property
    def key(self) -> str:
        return answer_key(self.metric, self.group, self.day, self.direction)


def answer_key(metric: str, group: str | None, day: date, direction: str) -> str:
    """Under which an answer is kept: short enough for a file's name, the same for the same signal."""
    return f"{metric[:24]}.{day}.{content_hash([metric, group, str(day), direction])[:12]}"


def answer_of(body: Mapping[str, Any]) -> SignalAnswer:
    """The answer that a definition holds.

    refuses    bad_day           a day that is none
               bad_answer        a name that an answer has not, or no word which signal it answers
               unknown_answer    not one of the three
               not_explained     a new baseline without an explanation
    """
    if unknown := sorted(set(body) - set(NAMES)):
        raise BadInput(f"An answer has no '{unknown[0]}'.", suggest(unknown[0], NAMES), code="bad_answer")
    answer, direction = str(body.get("answer", "")), str(body.get("direction", ""))
    if answer not in ANSWERS:
        raise UnknownName(f"'{answer}' is no answer to a signal.", suggest(answer, ANSWERS), code="unknown_answer")
    if not body.get("metric") or direction not in DIRECTIONS:
        raise BadInput("It does not say which signal it answers.", "Give metric, day, and up or down.", code="bad_answer")
    since = body.get("baseline_since")
    if since and answer != "explained":
        raise BadInput(
            "What is usual changes only with a shift that somebody explained.",
            "Answer 'explained', with a note of what happened, or leave the baseline as it is.",
            code="not_explained",
        )
    group = body.get("group")
    return SignalAnswer(
        str(body["metric"]),
        None if group is None else str(group),
        _day(body.get("day")),
        direction,
        answer,
        " ".join(str(body.get("note", "")).split()),
        body.get("annotation"),
        _day(since) if since else None,
    )


def baselines(answers: Iterable[SignalAnswer]) -> dict[tuple[str, str | None], date]:
    """(metric, group) → the day on which its latest baseline begins, for those that were begun anew."""
    begun: dict[tuple[str, str | None], date] = {}
    for one in answers:
        if one.baseline_since:
            key = one.metric, one.group
            begun[key] = max(one.baseline_since, begun.get(key, one.baseline_since))
    return begun


def _day(value: Any) -> date:
    return value if isinstance(value, date) else parse_day(str(value))
