"""Paths, transitions, step matrices, sessions and pairs as one would do them by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.analytics.metrics.questions.reference_events import MICRO, Event, matches, streams

MINUTE = 60 * MICRO
Log = Sequence[Sequence[Any]]


def paths(question: dict[str, Any], events: Log) -> dict[str, Any]:
    """Steps from token to token within sessions."""
    sessions: Counter[tuple[str, str]] = Counter()
    spans: dict[tuple[str, str], list[int]] = defaultdict(list)
    for stream in _streams(question, events).values():
        tokens = [
            (event.at, token)
            for event in stream
            if matches(question.get("activity"), event) and (token := _token(question, event))
        ]
        for session in _split(tokens, question.get("session_gap_minutes", 30) * MINUTE):
            path = [one for place, one in enumerate(session) if place == 0 or session[place - 1][1] != one[1]]
            if start := question.get("start"):
                found = [place for place, (_, token) in enumerate(path) if token == start]
                path = path[found[0] :] if found else []
            path = path[: question.get("max_steps", 5)]
            for step in range(1, len(path)):
                edge = f"{step}_{path[step - 1][1]}", f"{step + 1}_{path[step][1]}"
                sessions[edge] += 1
                spans[edge].append(path[step][0] - path[step - 1][0])
    return {
        "edges": sorted([*edge, count] for edge, count in sessions.items()),
        "avg_seconds": sorted([*edge, sum(span) / len(span) / MICRO] for edge, span in spans.items()),
    }


def transitions(question: dict[str, Any], events: Log) -> dict[str, Any]:
    """How often one event follows another in a walk."""
    counts = Counter(pair for walk in _walks(question, events) for pair in pairwise(walk))
    return {"edges": sorted([*pair, count] for pair, count in counts.items())}


def step_matrix(question: dict[str, Any], events: Log) -> dict[str, Any]:
    """The share of walks at each event, step by step; a walk that has ended stays at its end."""
    walks, steps = _walks(question, events), question.get("max_steps", 10)
    names = {name for walk in walks for name in walk[:steps]}
    at = [[walk[min(step, len(walk) - 1)] for walk in walks] for step in range(steps)]
    return {"share": {name: [step.count(name) / len(walks) for step in at] for name in sorted(names)}}


def sessions(question: dict[str, Any], events: Log) -> dict[str, Any]:
    """The number of the session of every event, from one; a gap must be longer than the limit."""
    gap = question.get("gap_minutes", 30) * MINUTE
    index: dict[str, list[int]] = {}
    for user, stream in _streams(question, events).items():
        numbers = [1]
        for before, event in pairwise(stream):
            numbers.append(numbers[-1] + (event.at - before.at > gap))
        index[user] = numbers
    return {"session_index": index}


def pair_conversion(question: dict[str, Any], events: Log) -> dict[str, Any]:
    """Whether the end follows the first or last start, soon enough and close enough."""
    started = converted = 0
    for stream in _streams(question, events).values():
        starts = [place for place, event in enumerate(stream) if matches(question["start"], event)]
        if not starts:
            continue
        started += 1
        place = starts[-1] if question.get("occurrence") == "last" else starts[0]
        after = stream[place + 1 :][: question.get("within_events")]
        limit = question.get("within_seconds")
        converted += any(
            matches(question["end"], event) and (limit is None or event.at - stream[place].at <= limit * MICRO)
            for event in after
        )
    return {"started": started, "converted": converted, "base_rate": converted / started if started else None}


def _token(question: dict[str, Any], event: Event) -> str | None:
    wanted = question.get("token", "event")
    value = event.name if wanted == "event" else event.properties.get(wanted.removeprefix("prop:"))
    if value is None or value == "":
        return None
    token = str(value)
    return token[:-1] if question.get("strip_trailing_slash") and len(token) > 1 and token.endswith("/") else token


def _split(tokens: list[tuple[int, str]], gap: int) -> list[list[tuple[int, str]]]:
    """A new session when the gap is as long as the limit."""
    found: list[list[tuple[int, str]]] = []
    for place, one in enumerate(tokens):
        if place == 0 or one[0] - tokens[place - 1][0] >= gap:
            found.append([])
        found[-1].append(one)
    return found


def _walks(question: dict[str, Any], events: Log) -> list[list[str]]:
    by = question.get("path_by", "user")
    walks: dict[Any, list[Event]] = defaultdict(list)
    for user, stream in _streams(question, events).items():
        for event in stream:
            key = user if by == "user" else event.properties.get(by.removeprefix("prop:"))
            if key not in (None, ""):
                walks[key].append(event)
    in_order = (sorted(walk, key=lambda event: (event.at, event.order)) for walk in walks.values())
    return [["path_start", *(event.name for event in walk), "path_end"] for walk in in_order]


def _streams(question: dict[str, Any], events: Log) -> dict[str, list[Event]]:
    return streams(events, **{key: question[key] for key in ("date_from", "date_to", "tz") if question.get(key)})
