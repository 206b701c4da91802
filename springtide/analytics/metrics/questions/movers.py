"""Which labels moved between two periods: those that grew, came or went by more than the thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from springtide.analytics.metrics.questions.form import Form, Key
from springtide.analytics.metrics.questions.kind import Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

OrderBy = Literal["absolute", "relative", "importance"]
LEFT_OUT = -1


@dataclass(frozen=True)
class Movement:
    """One label: what it was and is, and its growth in percent, to a tenth; from nothing it is 100."""

    label: str
    past: float
    current: float
    is_in_past: bool
    is_in_current: bool

    @property
    def difference(self) -> float:
        return self.current - self.past

    @property
    def growth(self) -> float:
        if not self.past:
            return 100.0 if self.current else 0.0
        return round(self.difference / self.past * 100, 1)


@dataclass(frozen=True)
class Movers:
    """Thresholds are percent of `total`; −1 leaves the class out. A limit of −1 is none."""

    past: Mapping[str, float]
    current: Mapping[str, float]
    total: float
    movers: float
    new: float
    gone: float
    min_growth: float
    max_decline: float
    order_by: OrderBy
    limit_up: int
    limit_down: int


def read(form: Form, stream: Stream) -> Movers:
    current, past = _values(form, "current"), _values(form, "past")
    percents = {key: form.number(key, 0.0) for key in ("movers", "new", "gone", "min_growth", "max_decline")}
    return Movers(
        past,
        current,
        total=form.number("total", float(sum(current.values()))) or 0.0,
        **{key: value or 0.0 for key, value in percents.items()},
        order_by=form.choice("order_by", ("absolute", "relative", "importance"), "absolute"),
        limit_up=form.whole("limit_up", LEFT_OUT, least=LEFT_OUT, most=1_000_000),
        limit_down=form.whole("limit_down", LEFT_OUT, least=LEFT_OUT, most=1_000_000),
    )


def _values(form: Form, key: str) -> dict[str, float]:
    given = form.need(key)
    if not isinstance(given, Mapping) or any(
        isinstance(one, bool) or not isinstance(one, int | float) for one in given.values()
    ):
        raise BadInput(f"'{key}' is {given!r}.", "Give an object from label to number.", code="bad_values")
    return {str(label): value for label, value in given.items()}


def answer(asked: Movers, stream: Stream) -> dict[str, Any]:
    found = [
        movement
        for label in dict.fromkeys((*asked.current, *asked.past))
        if _counts(
            asked,
            movement := Movement(
                label, asked.past.get(label, 0), asked.current.get(label, 0), label in asked.past, label in asked.current
            ),
        )
    ]
    found.sort(key=lambda movement: _order(asked.order_by, movement))
    ups = [movement for movement in found if movement.growth >= 0]
    downs = [movement for movement in found if movement.growth < 0]
    kept = {id(movement) for movement in (*_first(ups, asked.limit_up), *_first(downs, asked.limit_down))}
    return {"labels": [movement.label for movement in found if id(movement) in kept]}


def _counts(asked: Movers, movement: Movement) -> bool:
    """It moved, its class is wanted, it moved by enough of the total, and it grew or shrank by enough of itself."""
    threshold = (
        asked.movers if movement.is_in_past and movement.is_in_current else asked.new if movement.is_in_current else asked.gone
    )
    if threshold == LEFT_OUT or not movement.difference:
        return False
    least = math.ceil(asked.total / 100 * threshold) if threshold > 0 else 0
    if abs(movement.difference) < least:
        return False
    grew = movement.growth
    return grew >= asked.min_growth if grew >= 0 else grew <= asked.max_decline


def _order(order_by: OrderBy, movement: Movement) -> tuple[Any, ...]:
    """What rose comes first, the most first; then what fell, the most first. Importance looks at the size of the change alone."""
    first = {"absolute": movement.difference, "relative": movement.growth, "importance": abs(movement.difference)}[order_by]
    second = movement.difference if order_by == "relative" else movement.growth
    return first < 0, -abs(first), second < 0, -abs(second), -movement.current


def _first(movements: list[Movement], limit: int) -> list[Movement]:
    return movements if limit == LEFT_OUT else movements[:limit]


KIND = Kind(
    "movers",
    "Which labels moved between two periods?",
    keys=(
        Key("current", "label → value now"),
        Key("past", "label → value then"),
        Key("total", "what thresholds are a percentage of", "the sum of `current`"),
        Key("movers", "least change, in percent of the total, of a label of both periods; −1 leaves these out", "0"),
        Key("new", "the same of a label that came", "0"),
        Key("gone", "the same of a label that went", "0"),
        Key("min_growth", "least growth of the label itself, in percent; from nothing it is 100", "0"),
        Key("max_decline", "the label must fall by this much, in negative percent", "0"),
        Key(
            "order_by",
            "`absolute` change, `relative` growth (both: what rose, then what fell), or `importance`: its size",
            "`absolute`",
        ),
        Key("limit_up", "labels that rose, at most; −1 for all", "-1"),
        Key("limit_down", "labels that fell, at most; −1 for all", "-1"),
    ),
    tells=(Key("labels", "the labels that moved, in order"),),
    read=read,
    answer=answer,
)
