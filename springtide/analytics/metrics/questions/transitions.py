"""Which event follows which, and how often."""

from __future__ import annotations

from typing import Any

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.form import Key
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.analytics.metrics.questions.walks import WALK_KEYS, Walks, define_walks, read_walks


def answer(asked: Walks, stream: Stream) -> dict[str, Any]:
    define_walks(asked, stream)
    return {"edges": [list(row) for row in stream.engine.rows(definition(__package__, "transitions").text).values]}


KIND = Kind(
    name="transitions",
    asks="Which event follows which, and how often?",
    keys=WALK_KEYS,
    tells=(Key("edges", "`[[from, to, count]]`, the most frequent first; walks come from `path_start` and go to `path_end`"),),
    read=read_walks,
    answer=answer,
)
