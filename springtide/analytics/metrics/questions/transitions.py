"""Which event follows which, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.form import Form, Key
from springtide.analytics.metrics.questions.kind import OPENED, Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.analytics.metrics.questions.walks import WALK_KEYS, Walks, define_walks, read_walks, walkers


@dataclass(frozen=True)
class Transitions:
    walks: Walks
    opened: tuple[str, str] | None  # from, to


def read(form: Form, stream: Stream) -> Transitions:
    walks, opened = read_walks(form, stream), None
    if inner := form.form("open"):
        opened = str(inner.need("from")), str(inner.need("to"))
        inner.end()
    return Transitions(walks, opened)


def answer(asked: Transitions, stream: Stream) -> dict[str, Any]:
    define_walks(asked.walks, stream)
    stream.engine.define("transition_steps", definition(__package__, "transition_steps").text)
    found: dict[str, Any] = {
        "edges": [list(row) for row in stream.engine.rows(definition(__package__, "transitions").text).values]
    }
    if asked.opened:
        where = "from_event = $from_event and to_event = $to_event"
        from_event, to_event = asked.opened
        found["opened"] = walkers(stream, "transition_steps", where, from_event=from_event, to_event=to_event)
    return found


KIND = Kind(
    name="transitions",
    asks="Which event follows which, and how often?",
    keys=(*WALK_KEYS, Key("open", "`{from, to}`: the users whose walks go that way", "nothing is opened")),
    tells=(
        Key("edges", "`[[from, to, count]]`, the most frequent first; walks come from `path_start` and go to `path_end`"),
        OPENED,
    ),
    read=read,
    answer=answer,
)
