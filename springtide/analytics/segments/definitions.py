"""Reading segments from what a home has published: each a text or a select, told apart by which of the two keys it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.segments.beside import Lists
from springtide.analytics.segments.segment import Condition, Segment, SegmentCircle, in_order
from springtide.analytics.segments.select import checked_select
from springtide.analytics.segments.words import Known
from springtide.kernel.errors import BadInput, SpringtideError, suggest

KEYS = ("text", "select", "about")


def read_segment(key: str, version: int, title: str, body: Mapping[str, Any], known: Known) -> Segment:
    """The segment that a body defines: {"text": …} or {"select": …}, and perhaps {"about": …}.

    refuses    bad_definition    other keys, both of the two, or neither; texts that are no texts
               and whatever the text or the select is refused for
    """
    for name, value in body.items():
        if name not in KEYS:
            raise BadInput(f"Segment '{key}' has the unknown key '{name}'.", suggest(name, KEYS), code="bad_definition")
        if not isinstance(value, str):
            raise BadInput(f"Segment '{key}': {name} is {value!r}.", "Write a text.", code="bad_definition")
    if ("text" in body) == ("select" in body):
        raise BadInput(f"Segment '{key}' needs either a text or a select.", "Write 'text: …'.", code="bad_definition")
    about = body.get("about", "")
    try:
        if "text" in body:
            return Segment(key, version, title, about, condition=Condition.parse(body["text"], known))
        return Segment(key, version, title, about, select=checked_select(body["select"]))
    except SpringtideError as bad:
        raise type(bad)(f"Segment '{key}': {bad.message}", bad.hint, code=bad.code) from bad


@dataclass(frozen=True)
class InForce:
    """The segments of a home, each after those it names, and why others cannot be read: a close goes on without them.

    `zone`: the reporting zone, where the days of events begin.
    """

    segments: tuple[Segment, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @property
    def by_key(self) -> dict[str, Segment]:
        return {one.key: one for one in self.segments}


def in_force(bodies: Mapping[str, tuple[int, str, Mapping[str, Any]]], *, lists: Lists, zone: ZoneInfo) -> InForce:
    """What is published, by key: (version, title, body). What cannot be read, or stands in a circle, is set aside with the reason."""
    segments, broken = {}, {}
    for key, (version, title, body) in bodies.items():
        try:
            segments[key] = read_segment(key, version, title, body, Known())
        except SpringtideError as bad:
            broken[key] = bad.message
    while True:
        try:
            return InForce(in_order(segments.values()), broken, lists, zone)
        except SegmentCircle as bad:
            for key in bad.keys:
                broken[key] = bad.message
                del segments[key]
