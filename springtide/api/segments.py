"""Segments: their sizes, who is in them, who came and went, and the size of one that is being written."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Day, Name, Rule, opened
from springtide.api.users import Members, page_of, rule_open_to
from springtide.home.segments import SegmentDays, Segments, Size
from springtide.home.users import Selection
from springtide.operations.members import states

router = Router(tags=["segments"])
SEGMENTS = Token(states.SEE_SEGMENTS)


@router.get("/segments", auth=SEGMENTS, response=Segments)
def segments(request: HttpRequest) -> Any:
    """Every segment in force with its text and size, and who entered and left on the last closed day."""
    with opened() as home:
        return home.segments()


class Written(Schema):
    """A text, and the day as of which it is counted."""

    text: Rule
    on: Day | None = None


@router.get("/segments/size", auth=Token(states.SEE_USERS), response=Size)
def segment_size(request: HttpRequest, written: Query[Written]) -> Any:
    """How many users a text takes, of how many."""
    with opened() as home:
        rule_open_to(home, member_of(request), written.text)
        return home.segment_size(written.text, as_of=written.on)


@router.get("/segments/overlap", auth=SEGMENTS, response=answers.Overlap)
def segment_overlap(request: HttpRequest, left: Name, right: Name) -> Any:
    """Two segments beside each other: users in each, in both, in one alone."""
    with opened() as home:
        return home.segment_overlap(left, right).as_dict()


@router.get("/segments/{key}/users", auth=Token(states.SEE_USERS), response=answers.Users)
def segment_users(request: HttpRequest, key: Name, page: Query[Members]) -> Any:
    """The users who are in a segment as of the last closed day."""
    with opened() as home:
        home.segment_members(key, columns=(), order="registered_on", limit=0)  # known, and told
        selection = Selection(rule=f"segment('{key}')")
        return page_of(home, member_of(request), selection, columns=page.columns, limit=page.limit, offset=page.offset)


@router.get("/segments/{key}/days", auth=SEGMENTS, response=SegmentDays)
def segment_by_day(request: HttpRequest, key: Name) -> Any:
    """A segment by day: who entered, who left, who was in it."""
    with opened() as home:
        return home.segment_days(key)
