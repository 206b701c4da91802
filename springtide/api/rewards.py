"""Rewards: budgets, what is owed, a user's rewards and their stories, grants by hand, claims, and the exchange's entries beside ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import BaseModel, Field

from springtide.api.bearer import Token, member_of
from springtide.api.given import opened
from springtide.cycle.rewarding import grant_by_hand, reconciliation
from springtide.kernel import clock
from springtide.kernel.errors import Refused, UnknownName
from springtide.kernel.money import micro
from springtide.operations.members import states as rights
from springtide.operations.rewards import conditions, reads
from springtide.operations.rewards.granting import MOST_USERS, Granting
from springtide.operations.rewards.reads import BalanceSeen, BudgetSeen, Expiry, Liability, OfferSeen, PostingSeen, RewardSeen
from springtide.operations.rewards.reconciling import Difference
from springtide.operations.work.reads import ties_to

router = Router(tags=["rewards"])
BUDGETS = Token(rights.SEE_BUDGETS)
MOST_DIFFERENCES = 1000
Key = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]+$")]
RewardKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00/]+$")]
UserId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Owed(Schema):
    """What users are owed, what ends within a week, and what is left to pay from."""

    liability: list[Liability]
    expiries: list[Expiry]
    balances: list[BalanceSeen]


class OneReward(Schema):
    """A reward, its user for those who may see money of single users, and its story posting by posting."""

    reward: RewardSeen
    user_id: str | None
    postings: list[PostingSeen]


class Compared(Schema):
    """Our rewards against the exchange's entries; the first thousand that differ."""

    as_of: date
    agree: int
    differ: int
    differences: list[Difference]


class NewGrant(BaseModel, extra="forbid"):
    """A reward by hand for users who are named."""

    users: Annotated[list[UserId], Field(min_length=1, max_length=MOST_USERS)]
    offer: Key
    budget: Key
    amount_usdt: Annotated[Decimal, Field(gt=0, lt=10**9, max_digits=15, decimal_places=6, description="For each user.")]
    reason: Annotated[str, Field(min_length=8, max_length=400, pattern=r"^[^\x00]*$")]


class Claim(BaseModel, extra="forbid"):
    """Who claims."""

    user_id: UserId


class Claimed(Schema):
    """Whether it was claimed just now; false where it was before, or is over."""

    is_new: bool


@router.get("/budgets", auth=BUDGETS, response=list[BudgetSeen])
def budgets(request: HttpRequest) -> Any:
    """Every budget, each followed by those inside it."""
    return reads.budgets()


@router.get("/offers", auth=Token(rights.SEE_CAMPAIGNS), response=list[OfferSeen])
def offers(request: HttpRequest) -> Any:
    """The newest version of each offer."""
    return reads.offers()


@router.get("/rewards/owed", auth=BUDGETS, response=Owed)
def owed(request: HttpRequest) -> Any:
    """The open liability by kind, what ends within a week, and balances."""
    return reads.money(now=clock.now())


@router.get("/rewards/compared", auth=BUDGETS, response=Compared)
def rewards_compared(request: HttpRequest) -> Any:
    """Every reward that was paid against the exchange's entries, matched by reference."""
    with opened() as home:
        found = reconciliation(home)
    named = _may_name(request)
    differences = [each if named else replace(each, user_id="") for each in found.differences[:MOST_DIFFERENCES]]
    return {"as_of": found.as_of, "agree": found.agree, "differ": len(found.differences), "differences": differences}


@router.get("/rewards/of", auth=Token(rights.SEE_USER, some=True), response=list[RewardSeen])
def rewards_of(request: HttpRequest, user_id: UserId) -> Any:
    """The rewards of one user, the newest first."""
    member, ties = member_of(request), ties_to(member_of(request), user_id)
    if not member.may(rights.SEE_USER, *ties):
        raise UnknownName(f"There is no user '{user_id}'.", "Look it up in the list of users.", code="unknown_user")
    if not member.may(rights.SEE_MONEY, *ties):
        raise Refused("You may not see money of single users.", "Ask an approver for the right.", code="column_not_open")
    return reads.rewards_of(user_id)


@router.get("/rewards/by-key/{key}", auth=BUDGETS, response=OneReward)
def one_reward(request: HttpRequest, key: RewardKey) -> Any:
    """One reward with its postings."""
    seen, user, story = reads.reward(key)
    return {"reward": seen, "user_id": user if _may_name(request) else None, "postings": story}


@router.post("/rewards/by-key/{key}/claim", auth=Token(rights.IMPORT_DATA), response=Claimed)
def claim(request: HttpRequest, key: RewardKey, sent: Claim) -> Any:
    """A user wants a reward that must be claimed."""
    return {"is_new": conditions.claim(key, sent.user_id, now=clock.now(), acting=member_of(request))}


@router.post("/rewards/grants", auth=Token(rights.GRANT_REWARDS, some=True), response={201: Granting})
def grant(request: HttpRequest, sent: NewGrant) -> Any:
    """Give a reward by hand, or ask who must agree; whom the gates bar is left out and named."""
    with opened() as home:
        given = grant_by_hand(
            home,
            sent.users,
            offer=sent.offer,
            budget=sent.budget,
            amount_usdt=micro(sent.amount_usdt),
            reason=sent.reason,
            acting=member_of(request),
            now=clock.now(),
        )
    return Status(201, given)


def _may_name(request: HttpRequest) -> bool:
    """Is the user of an amount named? Only to those who may see the money of single users."""
    return member_of(request).may(rights.SEE_USER) and member_of(request).may(rights.SEE_MONEY)
