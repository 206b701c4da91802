"""What happened beside the numbers: a listing, an outage, a campaign. It proves nothing; it stands where somebody looks for why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput, UnknownName, suggest

KINDS = ("campaign", "listing", "outage", "release", "market", "rules", "data", "other")
NAMES = ("kind", "since", "until", "metrics", "groups", "text")


@dataclass(frozen=True)
class Annotation:
    """One thing that happened, on the days from `since` to `until`, both included.

    `metrics` and `groups` (`channel=ads`) say what it may have moved; empty: anything.
    """

    key: str
    kind: str
    title: str
    since: date
    until: date
    metrics: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    text: str = ""

    def touches(self, since: date, until: date) -> bool:
        return self.since <= until and since <= self.until

    def speaks_of(self, metric: str, group: str | None) -> bool:
        return (not self.metrics or metric in self.metrics) and (not self.groups or group is None or group in self.groups)


def annotation_of(key: str, title: str, body: Mapping[str, Any]) -> Annotation:
    """The annotation that a definition holds.

    refuses    bad_day           a day that is none
               bad_annotation    a range that is empty, a scope that is no list of names, a name that an annotation has not
               unknown_annotation    nothing of this kind is noted here
    """
    if unknown := sorted(set(body) - set(NAMES)):
        raise BadInput(f"An annotation has no '{unknown[0]}'.", suggest(unknown[0], NAMES), code="bad_annotation")
    kind = str(body.get("kind", ""))
    if kind not in KINDS:
        raise UnknownName(f"There is no kind of annotation '{kind}'.", suggest(kind, KINDS), code="unknown_annotation")
    since = _day(body.get("since"))
    until = _day(body.get("until") or since)
    if until < since:
        raise BadInput(f"It ends on {until} and begins on {since}.", "Give the earlier day first.", code="bad_annotation")
    return Annotation(
        key,
        kind,
        title,
        since,
        until,
        _names(body, "metrics"),
        _names(body, "groups"),
        " ".join(str(body.get("text", "")).split()),
    )


def beside(
    annotations: Iterable[Annotation], since: date, until: date, *, metric: str, group: str | None = None
) -> tuple[Annotation, ...]:
    """Those that touch a range of days and speak of a metric, in the order of their days."""
    found = [one for one in annotations if one.touches(since, until) and one.speaks_of(metric, group)]
    return tuple(sorted(found, key=lambda one: (one.since, one.key)))


def _names(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name, ())
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise BadInput(f"'{name}' is no list of names.", 'Write it as ["one", "two"], or leave it out.', code="bad_annotation")
    return tuple(value)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else parse_day(str(value))
