"""What a close is told about segments: which there are, whether each can be told, and the queries of the pass."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.spec import SegmentsSpec
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.segments.beside import Lists, find_beside
from springtide.analytics.segments.definitions import InForce
from springtide.analytics.segments.queries import MOVES, members_query, placed_query
from springtide.analytics.segments.segment import Segment, lists_of, missing_for
from springtide.kernel.ids import content_hash

SEGMENTS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("key", "varchar", False, "a segment that the user is in as of the day"),
)


def segments_spec(named: InForce) -> SegmentsSpec:
    """Segments in force, frozen for a close."""
    ordered, lists, zone = named.segments, named.lists, named.zone
    return SegmentsSpec(
        stamps={one.key: f"{one.version}.{_hash(one, lists)}" for one in ordered},
        schema=SEGMENTS,
        reads_everyone=any(one.select for one in ordered),
        reads_events=any(_asks_of_facts(one) for one in ordered),
        unavailable=partial(unavailable, named),
        find=partial(_find, ordered, zone, lists),
        placed=partial(_placed, ordered),
        members=members_query,
        moves=MOVES,
    )


def unavailable(
    named: InForce, missing: Mapping[str, str], tables: Collection[str], draft: Segment | None = None
) -> dict[str, str]:
    """Segment → why it cannot be told: what it needs, or a segment that it names, is not there. `draft`: one more, not in force."""
    reasons: dict[str, str] = {}
    keys = set(named.by_key)
    for one in (*named.segments, *([draft] if draft else [])):
        if one.condition is None:
            continue
        reason = missing_for(one.condition.terms, one.condition.columns, missing=missing, tables=tables)
        gone = (term for term in lists_of([one]) if term.purpose != "tag" and (term.purpose, term.key) not in named.lists.files)
        reason = reason or next((f"list {term.key}: its ids are not there" for term in gone), None)
        without = next((key for key in one.nested if key in reasons or key not in keys), None)
        if reason or without:
            reasons[one.key] = reason or f"segment {without}: {reasons.get(without or '', 'there is none')}"
    return reasons


def _find(
    segments: Sequence[Segment],
    zone: ZoneInfo,
    lists: Lists,
    engine: Engine,
    snapshot: Snapshot,
    day: date,
    told: Collection[str],
) -> dict[str, str]:
    picked = [one for one in segments if one.key in told]
    terms = dict.fromkeys(term for one in picked if one.condition for term in one.condition.terms)
    selects = [one for one in picked if one.select]
    return find_beside(engine, snapshot, tuple(terms), selects, day=day, zone=zone, lists=lists)


def _placed(segments: Sequence[Segment], told: Collection[str], beside: Mapping[str, str]) -> str:
    return placed_query([one for one in segments if one.key in told], beside)


def _asks_of_facts(segment: Segment) -> bool:
    """Reads facts that are no part of the days: the pass is due again when they change."""
    asked = segment.select or segment.text
    return "events" in asked or "times(" in asked or "then_not(" in asked


def _hash(segment: Segment, lists: Lists) -> str:
    """Of what decides: the text, and the ids of the lists that it names."""
    named = lists_of([segment])
    files = [str(lists.files[one.purpose, one.key].name) for one in named if (one.purpose, one.key) in lists.files]
    if lists.tags and any(one.purpose == "tag" for one in named):
        files.append(hashlib.sha256(lists.tags.read_bytes()).hexdigest())
    return content_hash([segment.hash, *files]) if files else segment.hash
