"""Segments as people read them: their sizes, who came and went, how two overlap, and the size of one that is being written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.spec import CloseSpec, availability, given, missing_columns, segments_told
from springtide.analytics.daybook.tables import MOVES, PROFILES
from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.segments import (
    SEGMENTS,
    InForce,
    Known,
    Segment,
    in_force,
    in_order,
    read_segment,
    size_query,
    unavailable,
)
from springtide.home.definitions import published
from springtide.home.lists import lists_of
from springtide.home.users import attach_people, beside_of, snapshot_day, understood
from springtide.kernel.errors import NothingYet, UnknownName, suggest


@dataclass(frozen=True)
class SegmentRow:
    """A segment in force, as of the last closed day. `users`, `entered`, `left`: counted users; null where it is not told.

    `reason`: why it is not told: what is missing, what is wrong with its text, or that no day was closed since it was published.
    """

    key: str
    version: int
    title: str
    about: str
    text: str
    users: int | None
    entered: int | None
    left: int | None
    reason: str | None


@dataclass(frozen=True)
class Segments(Answer):
    """Every segment in force, largest first. `entered` and `left` are of the day `as_of` alone."""

    as_of: date | None
    rows: tuple[SegmentRow, ...]


@dataclass(frozen=True)
class Size(Answer):
    """How many counted users a text takes as of a day, of how many there are."""

    as_of: date
    text: str
    users: int
    of: int

    @property
    def rows(self) -> tuple[Size, ...]:  # type: ignore[override]
        return (self,)


@dataclass(frozen=True)
class Overlap(Answer):
    """Two segments beside each other: counted users in each, in both, in one alone."""

    as_of: date
    left: str
    right: str
    left_users: int
    right_users: int
    both: int

    @property
    def rows(self) -> tuple[Overlap, ...]:  # type: ignore[override]
        return (self,)

    @property
    def left_alone(self) -> int:
        return self.left_users - self.both

    @property
    def right_alone(self) -> int:
        return self.right_users - self.both

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "left_alone": self.left_alone, "right_alone": self.right_alone}


@dataclass(frozen=True)
class SegmentDay:
    """Counted users who entered and who left a segment on a day, and who were in it at the end."""

    day: date
    entered: int
    left: int
    users: int


@dataclass(frozen=True)
class Membership:
    """A stay of one user in a segment: in it at the end of every closed day from `entered` on, and no longer on `left`."""

    key: str
    entered: date
    left: date | None


@dataclass(frozen=True)
class SegmentDays(Answer):
    """A segment by day, from the first day on which somebody was in it."""

    key: str
    rows: tuple[SegmentDay, ...]


def named_by(home: Path, zone: ZoneInfo) -> InForce:
    """The segments that are in force in a home."""
    found = published(home, "segment")
    bodies = {key: (one.version, one.title, one.body) for key, one in found.items()}
    return in_force(bodies, lists=lists_of(home), zone=zone)


def checked(
    key: str,
    version: int,
    title: str,
    body: Mapping[str, Any],
    named: InForce,
    *,
    tags: Collection[str],
    events: Collection[str],
) -> Segment:
    """A segment as it would be published: everything that it names is there, and it leads to no circle.

    refuses    bad_definition, segment_circle, bad_select, unknown_segment, unknown_list, unknown_event, unknown_column, bad_rule …
    """
    lists: dict[str, Collection[str]] = {"tag": tags}
    for purpose in ("list", "suppression"):
        lists[purpose] = tuple(one for of, one in named.lists.files if of == purpose)
    known = Known(segments={*named.by_key, key}, lists=lists, events=events)
    segment = read_segment(key, version, title, body, known)
    in_order([segment, *(one for one in named.segments if one.key != key)])
    return segment


def all_segments(engine: Engine, snapshot: Snapshot, named: InForce, spec: CloseSpec) -> Segments:
    """Every segment in force, with its size and who came and went on the last closed day."""
    day = snapshot.closed_through
    reasons = dict(named.broken)
    reasons |= _unavailable(snapshot, named, spec)
    told = segments_told(snapshot.manifest, day)
    stamps = spec.segments.stamps if spec.segments else {}
    users: dict[str, int] = {}
    entered: dict[str, int] = {}
    left: dict[str, int] = {}
    if day is not None:
        snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
        snapshot.attach(engine, "segments", SEGMENTS, since=day, until=day)
        snapshot.attach(engine, "moves", MOVES, since=day, until=day)
        users = _counts(engine, "select m.user_no, m.key from segments as m")
        moved = "select m.user_no, m.key from moves as m where m.kind = 'segment' and m.day = $day and not m.is_first"
        entered = _counts(engine, f"{moved} and m.was is null", day=day)
        left = _counts(engine, f"{moved} and m.becomes is null", day=day)
    rows = []
    for one in named.segments:
        reason = reasons.get(one.key)
        if reason is None and told.get(one.key) != stamps.get(one.key):
            reason = "it was published after the last close"
        size, came, gone = (None if reason else of.get(one.key, 0) for of in (users, entered, left))
        rows.append(SegmentRow(one.key, one.version, one.title, one.about, one.text, size, came, gone, reason))
    rows += [SegmentRow(key, 0, key, "", "", None, None, None, why) for key, why in named.broken.items()]
    return Segments(day, tuple(sorted(rows, key=lambda row: (-(row.users or 0), row.key))))


def segment_size(
    engine: Engine, snapshot: Snapshot, named: InForce, spec: CloseSpec, text: str, *, as_of: date | None = None
) -> Size:
    """How many counted users a text takes as of a kept day: what is asked while somebody writes.

    refuses    not_available    what it needs was never given
               bad_rule, unknown_column, unknown_segment …
    """
    day = snapshot_day(snapshot, as_of)
    condition, nested = understood(text, named)
    draft = Segment("", 0, "", condition=condition)
    if (why := _unavailable(snapshot, named, spec, draft)).get(draft.key):
        raise NothingYet(
            f"This is not available: {why[draft.key]}.", "Import what is missing, then close.", code="not_available"
        )
    attach_people(engine, snapshot, day, [s.key for s in spec.stratifications])
    beside = beside_of(engine, snapshot, day, named, (*nested, draft))
    users = engine.rows(size_query(condition, nested, beside)).scalar()
    everyone = engine.rows("select count(*) from profiles where is_counted").scalar()
    return Size(day, condition.text, int(users), int(everyone))


def overlap(
    engine: Engine, snapshot: Snapshot, named: InForce, spec: CloseSpec, left: str, right: str, *, as_of: date | None = None
) -> Overlap:
    """Two segments (keys) beside each other as of a kept day.

    refuses    unknown_segment, not_available, not_kept
    """
    for key in (left, right):
        known_segment(named, key)

    def users(text: str) -> Size:
        return segment_size(engine, snapshot, named, spec, text, as_of=as_of)

    one, other = f"segment('{left}')", f"segment('{right}')"
    both = users(f"{one} and {other}")
    return Overlap(both.as_of, left, right, users(one).users, users(other).users, both.users)


def segment_days(engine: Engine, snapshot: Snapshot, key: str) -> SegmentDays:
    """A segment by day, as its members' coming and going tells; users who count today."""
    day = snapshot.require_closed()
    snapshot.attach(engine, "moves", MOVES)
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
    found = engine.rows(
        "select m.day, count(m.becomes) as entered, count(m.was) as gone from moves as m"
        " inner join profiles as p on m.user_no = p.user_no where m.kind = 'segment' and m.key = $key and p.is_counted"
        " group by m.day order by m.day",
        key=key,
    )
    rows, users = [], 0
    for on, entered, left in found.values:
        users += entered - left
        rows.append(SegmentDay(on, entered, left, users))
    return SegmentDays(key, tuple(rows))


def memberships(engine: Engine, snapshot: Snapshot, user_id: str) -> tuple[Membership, ...]:
    """Every stay of one user in a segment, latest first."""
    snapshot.attach(engine, "moves", MOVES)
    snapshot.attach(engine, "users", fact_schema("users"))
    found = engine.rows(
        "select m.key, m.day, m.becomes from moves as m inner join users as u on m.user_no = u.user_no"
        " where m.kind = 'segment' and u.user_id = $user_id order by m.key, m.day",
        user_id=user_id,
    )
    stays: list[Membership] = []
    for key, on, becomes in found.values:
        if becomes is not None:
            stays.append(Membership(key, on, None))
        else:
            stays[-1] = Membership(key, stays[-1].entered, on)
    return tuple(sorted(stays, key=lambda stay: (stay.entered, stay.key), reverse=True))


def known_segment(named: InForce, key: str) -> Segment:
    """The segment of that key.

    refuses    unknown_segment    there is none; the nearest is named
               not_available      its text cannot be read any more
    """
    if key in named.by_key:
        return named.by_key[key]
    if key in named.broken:
        raise NothingYet(f"Segment '{key}' is not available: {named.broken[key]}", "Mend its text.", code="not_available")
    near = suggest(key, named.by_key) or "Publish one first."
    raise UnknownName(f"There is no segment '{key}'.", near, code="unknown_segment")


def _unavailable(snapshot: Snapshot, named: InForce, spec: CloseSpec, draft: Segment | None = None) -> dict[str, str]:
    strata = {key: why for key, why in availability(spec, snapshot.manifest).items() if why}
    return unavailable(named, missing_columns(snapshot.manifest) | strata, given(snapshot.manifest), draft)


def _counts(engine: Engine, members: str, **params: Any) -> dict[str, int]:
    """Counted users by segment."""
    told = engine.rows(
        f"select m.key, count(*) as users from ({members}) as m inner join profiles as p on m.user_no = p.user_no"
        " where p.is_counted group by m.key",
        **params,
    )
    return {str(key): int(users) for key, users in told.values}
