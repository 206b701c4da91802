"""Walks: a user's events, or those that share the value of a property, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.metrics.questions.form import Form, Key, Prop, Span
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, TZ
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput

WALK_KEYS = (
    Key("path_by", "`user`, or `prop:NAME`: a walk for every value of that property; events without it are left out", "`user`"),
    DATE_FROM,
    DATE_TO,
    TZ,
)


@dataclass(frozen=True)
class Walks:
    by: Prop | None  # null: the user
    span: Span
    zone: ZoneInfo


def read_walks(form: Form, stream: Stream) -> Walks:
    """refuses    bad_token    `path_by` is neither `user` nor `prop:NAME`"""
    return Walks(read_token(form, "path_by", "user"), form.span(), form.zone(stream.zone))


def read_token(form: Form, key: str, plain: str) -> Prop | None:
    """The property of `prop:NAME`; null for the plain word."""
    seen = form.text(key, plain)
    if seen == plain:
        return None
    head, _, name = (seen or "").partition(":")
    if head != "prop" or not name:
        raise BadInput(f"'{key}' is '{seen}'.", f"Give '{plain}', or a property as 'prop:NAME'.", code="bad_token")
    return Prop(name)


def define_walks(asked: Walks, stream: Stream) -> None:
    """Define `walks`: walk (its key, a text), user_no, at_us, event_no, event."""
    texts = {"walk_by": asked.by} if asked.by else {}
    replace(stream, zone=asked.zone).define("walk_events", texts=texts, every=True, in_order=True, span=asked.span)
    walk, kept = ("walk_by", " where coalesce(walk_by, '') <> ''") if asked.by else ("cast(user_no as varchar)", "")
    stream.engine.define("walks", f"select {walk} as walk, user_no, at_us, event_no, event from walk_events{kept}")


def walkers(stream: Stream, steps: str, where: str, **params: Any) -> dict[str, list[str] | list[int]]:
    """The users of the walks that take one of the `steps` of which `where` holds."""
    rows = stream.engine.rows(
        f"select distinct user_no from walks where walk in (select walk from {steps} where {where})", **params
    )
    return stream.opened(user_no for (user_no,) in rows.values)
