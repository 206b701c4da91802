"""One call for every question: the kind says who reads it and who answers it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from springtide.analytics.metrics.questions.form import Form
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import UnknownName, suggest

PACKAGE = "springtide.analytics.metrics.questions"
KINDS = (
    "retention", "retention_index", "funnel", "time_to_convert", "funnel_trend", "funnel_level", "lifecycle", "stickiness", "daily_states",
    "trend", "cumulative", "paths", "transitions", "step_matrix", "sessions", "movers", "conversion_rate", "pair_conversion",
)  # fmt: skip


def kind_of(name: Any) -> Kind[Any]:
    """The kind of that name: `KIND` of the module that is called so.

    refuses    unknown_kind    there is no such kind
    """
    if name not in KINDS:
        raise UnknownName(f"There is no question of the kind '{name}'.", suggest(str(name), KINDS), code="unknown_kind")
    found: Kind[Any] = import_module(f"{PACKAGE}.{name}").KIND
    return found


def ask(question: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """The answer to a question over a stream of events, with exactly the keys that its kind declares.

    refuses    not_an_object, unknown_kind, unknown_key, missing_key, and what the kind and its keys refuse
    """
    form = Form(question)
    kind = kind_of(form.need("kind"))
    stream = stream.for_everyone() if form.flag("everyone") else stream
    asked = kind.read(form, stream)
    form.end()
    return kind.answer(asked, stream)
