"""Lists of users, and how many they are: any rule, a page at a time, with the columns that the member may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.metrics.answer import plain
from springtide.analytics.rules import Rule as Parsed
from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Count, Day, Flag, Name, Offset, Rule, opened
from springtide.home import Home, Selection
from springtide.home.users import LIST_COLUMNS
from springtide.operations.members import states
from springtide.operations.members.fields import fields, refuse_closed
from springtide.operations.members.models import Member

router = Router(tags=["users"])
Columns = Annotated[list[Name], Field(max_length=60)]


class Asked(Schema):
    """Which users."""

    rule: Rule = "true"
    on: Day | None = Field(None, description="A kept day. Default: the last closed one.")
    everyone: Flag = Field(False, description="Employees, tests and market makers too.")

    def selection(self, home: Home, member: Member, *more: str) -> Selection:
        """The selection, unless it asks about columns that the member may not see."""
        types = PROFILE_TYPES | dict.fromkeys((each.key for each in home.stratifications()), "varchar")
        refuse_closed(member, (*Parsed.parse(self.rule, types).columns, *more))
        return Selection(rule=self.rule, as_of=self.on, everyone=self.everyone)


class Page(Asked):
    """Which users, which columns, in which order, and which page of them."""

    columns: Columns = Field(list(LIST_COLUMNS), description="Columns of profiles, or stratifications.")
    order: Name = Field("registered_on", description="The column by which they stand; those without a value come last.")
    descending: Flag = True
    limit: Count = 50
    offset: Offset = 0


@router.get("/users", auth=Token(states.SEE_USERS), response=answers.Users)
def users(request: HttpRequest, page: Query[Page]) -> Any:
    """Users of whom a rule holds. What the member may not see is left out and named."""
    member = member_of(request)
    told = fields(member, dict.fromkeys(page.columns))
    with opened() as home:
        selection = page.selection(home, member, page.order)
        found = home.users(
            selection,
            columns=told.shown,
            order=page.order,
            descending=page.descending,
            limit=page.limit,
            offset=page.offset,
        )
        missing = home.missing()
    end = page.offset + len(found.rows)
    return {
        "as_of": found.as_of,
        "total": found.total,
        "users": [_row(found.columns, row) for row in found.rows],
        "next_offset": end if end < found.total and found.rows else None,
        "left_out": list(told.left_out),
        "not_known": [column for column in told.shown if column in missing],
    }


class Grouped(Asked):
    """Which users, counted by what, with sums of what."""

    by: Annotated[list[Name], Field(max_length=3)] = Field([], description="Columns or stratifications to count by.")
    sums: Annotated[list[Name], Field(max_length=5)] = Field([], description="Whole numbers and money to add up.")


@router.get("/users/count", auth=Token(states.SEE_USERS), response=answers.Counts)
def count(request: HttpRequest, asked: Query[Grouped]) -> Any:
    """How many users a rule names, by columns, with sums."""
    with opened() as home:
        selection = asked.selection(home, member_of(request), *asked.by, *asked.sums)
        found = home.count(selection, by=asked.by, sums=asked.sums)
    columns = (*found.by, "users", *found.sums)
    return {"as_of": found.as_of, "total": found.users, "rows": [_row(columns, row) for row in found.rows]}


def _row(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(columns, map(plain, row), strict=True))
