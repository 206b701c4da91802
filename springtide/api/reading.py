"""What the last closed day says: strata, moves, growth, states, activation, the market, freshness."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from springtide.analytics import metrics
from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Flag, Growth, Name, On, Range, opened
from springtide.home import Freshness
from springtide.operations.members import states

router = Router()
OVERVIEW = Token(states.SEE_OVERVIEW)


@router.get("/me", auth=Token(), response=answers.Me, tags=["account"])
def me(request: HttpRequest) -> Any:
    """For whom this token speaks."""
    member = member_of(request)
    rights = [right for right in states.RIGHTS if member.may_some(right)]
    return {"member": member.username, "role": member.role, "rights": rights}


@router.get("/strata", auth=OVERVIEW, response=answers.Standing, tags=["users as groups"])
def strata(request: HttpRequest, on: Query[On], everyone: Flag = False) -> Any:
    """How many users stand in each stratum. With `everyone`, employees, tests and market makers are counted too."""
    with opened() as home:
        return home.strata(on.on, everyone=everyone).as_dict()


@router.get("/moves", auth=OVERVIEW, response=answers.Moves, tags=["users as groups"], by_alias=True)
def moves(request: HttpRequest, days: Query[Range], stratification: Name | None = None) -> Any:
    """Who moved from which stratum to which; by default on the last closed day."""
    with opened() as home:
        return home.moves(since=days.since, until=days.until, stratification=stratification).as_dict()


@router.get("/growth", auth=OVERVIEW, response=metrics.GrowthAccounting, tags=["users as groups"])
def growth(request: HttpRequest, asked: Query[Growth]) -> Any:
    """Of those active: who is new, who stayed, who came back; and who left."""
    with opened() as home:
        return home.growth(**asked.dict())


@router.get("/states", auth=OVERVIEW, response=metrics.DailyStates, tags=["users as groups"])
def daily_states(request: HttpRequest, days: Query[Range], product: Name = "trading") -> Any:
    """The seven daily states, and DAU, WAU and MAU that they add up to."""
    with opened() as home:
        return home.daily_states(product=product, since=days.since, until=days.until)


@router.get("/activation", auth=OVERVIEW, response=metrics.ActivationChain, tags=["users as groups"])
def activation(request: HttpRequest, on: Query[On]) -> Any:
    """From registration to the first contract trade: how many of those old enough took each step in time."""
    with opened() as home:
        return home.activation(on.on)


@router.get("/market", auth=OVERVIEW, response=metrics.Market, tags=["users as groups"])
def market(request: HttpRequest, days: Query[Range]) -> Any:
    """The market's regime by day: bull, bear or flat, and whether it was unusually volatile."""
    with opened() as home:
        return home.market(since=days.since, until=days.until)


@router.get("/freshness", auth=Token(states.SEE_DATA), response=Freshness, tags=["data"])
def freshness(request: HttpRequest) -> Any:
    """What is known until when, what is not available and why, and what was restated."""
    with opened() as home:
        return home.freshness()
