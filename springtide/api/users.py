"""Lists of users, and how many they are: any rule, a page at a time, with the columns that the member may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from springtide.analytics.metrics.answer import plain
from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Count, Day, Flag, Name, Offset, Rule, opened
from springtide.home import Home, Selection
from springtide.home.user import User
from springtide.home.users import LIST_COLUMNS, understood
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

    def selection(self, home: Home, member: Member) -> Selection:
        """The selection, unless it asks about columns that the member may not see."""
        rule_open_to(home, member, self.rule)
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
    refuse_closed(member, (page.order,))
    with opened() as home:
        return page_of(
            home,
            member,
            page.selection(home, member),
            columns=page.columns,
            order=page.order,
            descending=page.descending,
            limit=page.limit,
            offset=page.offset,
        )


class Members(Schema):
    """Which page of a group's users, with which columns."""

    columns: Columns = list(LIST_COLUMNS)
    limit: Count = 50
    offset: Offset = 0


def rule_open_to(home: Home, member: Member, rule: str) -> None:
    """Refuse a rule that asks about columns which the member may not see. What a published segment asks within is its own affair.

    refuses    column_not_open, and what makes a rule unreadable
    """
    condition, _nested = understood(rule, home.named())
    refuse_closed(member, condition.columns)


def page_of(
    home: Home,
    member: Member,
    selection: Selection,
    *,
    columns: Sequence[str],
    limit: int,
    offset: int,
    order: str = "registered_on",
    descending: bool = True,
) -> dict[str, Any]:
    """A page of users, with the columns that the member may see."""
    told = fields(member, dict.fromkeys(columns))
    found = home.users(selection, columns=told.shown, order=order, descending=descending, limit=limit, offset=offset)
    missing, end = home.missing(), offset + len(found.rows)
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
    member = member_of(request)
    refuse_closed(member, (*asked.by, *asked.sums))
    with opened() as home:
        selection = asked.selection(home, member)
        found = home.count(selection, by=asked.by, sums=asked.sums)
    columns = (*found.by, "users", *found.sums)
    return {"as_of": found.as_of, "total": found.users, "rows": [_row(columns, row) for row in found.rows]}


class Since(Schema):
    """As of when, and from when on."""

    on: Day | None = Field(None, description="A kept day. Default: the last closed one.")
    since: Day | None = Field(None, description="What happened from this day on. Default: 90 days.")


UserId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/]+$")]


@router.get("/users/{user_id}", auth=Token(states.SEE_USER), response=answers.OneUser)
def user(request: HttpRequest, user_id: UserId, asked: Query[Since]) -> Any:
    """One user: profile, strata with the rule that put them there, moves, and what happened."""
    with opened() as home:
        found = home.user(user_id, as_of=asked.on, since=asked.since)
    return _open_to(found, member_of(request))


def _open_to(user: User, member: Member) -> dict[str, Any]:
    """What a member may see of a user; a reason that saw a closed column says only the stratum."""
    told, profile = user.as_dict(), fields(member, user.profile)
    sees_money, sees_risk = member.may(states.SEE_MONEY), member.may(states.SEE_RISK)
    told["profile"] = {name: value for name, value in told["profile"].items() if name in profile.shown}
    told["left_out"] = list(profile.left_out)
    for shown, stands in zip(told["stands"], user.stands, strict=True):
        seen = (
            {name for why in stands.placement.reasons for each in why.comparisons for name, _ in each.seen}
            if stands.placement
            else ()
        )
        if fields(member, seen).left_out:
            shown["why"] = None
    told["timeline"] = [
        {**each, "amount_usdt": each["amount_usdt"] if sees_money else None}
        for each in told["timeline"]
        if sees_risk or not (each["kind"] == "restricted" or (each["kind"] == "changed" and each["what"] == "restriction"))
    ]
    told["links"] = told["links"] if sees_risk else []
    return told


def _row(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(columns, map(plain, row), strict=True))
