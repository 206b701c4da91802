"""Where walks are at each of their steps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from springtide.analytics.engine import definition
from springtide.analytics.metrics.questions.form import Form, Key
from springtide.analytics.metrics.questions.kind import OPENED, Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.analytics.metrics.questions.walks import WALK_KEYS, Walks, define_walks, read_walks, walkers

MAX_STEPS = 10
MOST_STEPS = 100
PATH_START, PATH_END = "path_start", "path_end"


@dataclass(frozen=True)
class StepMatrix:
    walks: Walks
    max_steps: int
    opened: tuple[str, int] | None  # event, step


def read(form: Form, stream: Stream) -> StepMatrix:
    walks, most = read_walks(form, stream), form.whole("max_steps", MAX_STEPS, least=1, most=MOST_STEPS)
    opened = None
    if inner := form.form("open"):
        opened = str(inner.need("event")), inner.whole("step", least=1, most=most)
        inner.end()
    return StepMatrix(walks, most, opened)


def answer(asked: StepMatrix, stream: Stream) -> dict[str, Any]:
    """The shares of a step add up to one: a walk that has ended stays at path_end."""
    define_walks(asked.walks, stream)
    stream.engine.define("walk_steps", definition(__package__, "walk_steps").text)
    rows = stream.engine.rows(definition(__package__, "step_matrix").text, max_steps=asked.max_steps).values
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * asked.max_steps)
    for step, event, walks in rows:
        for later in range(step - 1, asked.max_steps if event == PATH_END else step):
            counts[event][later] += walks
    walks_in_all = counts[PATH_START][0] if rows else 0
    found: dict[str, Any] = {"share": {event: [count / walks_in_all for count in counted] for event, counted in counts.items()}}
    if asked.opened:
        event, step = asked.opened
        where = f"event = $event and step_no {'<=' if event == PATH_END else '='} $step"
        found["opened"] = walkers(stream, "walk_steps", where, event=event, step=step)
    return found


KIND = Kind(
    name="step_matrix",
    asks="Where are walks at each of their steps?",
    keys=(
        *WALK_KEYS,
        Key("max_steps", f"steps to tell, 1 to {MOST_STEPS}; the first is `path_start`", f"{MAX_STEPS}"),
        Key("open", "`{event, step}`, counted from 1: the users whose walks are there", "nothing is opened"),
    ),
    tells=(
        Key(
            "share",
            "event → share of the walks that are there at step 1, 2, …; a walk that has ended stays at `path_end`, so they add up to 1",
        ),
        OPENED,
    ),
    read=read,
    answer=answer,
)
