"""Rewards that a member gives by hand, to one user or to a list: why, through the gates, within limits, and with a second person above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum

from springtide.analytics.foresight.benefit import Benefit
from springtide.kernel.errors import Refused, UnknownName
from springtide.kernel.ids import content_hash
from springtide.kernel.money import usdt
from springtide.operations.members import approvals
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Approval, Member
from springtide.operations.rewards import actions
from springtide.operations.rewards.caps import NewReward
from springtide.operations.rewards.limits import limit, refuse_above
from springtide.operations.rewards.models import Budget, ManualGrant, Offer
from springtide.operations.risk.gates import Verdict

KIND: Final = "grant"
MOST_USERS: Final = 10_000
SHORTEST_REASON: Final = 8  # characters

Gate = Callable[[Sequence[str], Benefit], Mapping[str, Verdict]]  # user id → what the gates say; who is not named is denied


@dataclass(frozen=True)
class Granting:
    """What came of a grant by hand. `state`: done, or waiting for the approvals of these ids. `refused`: user → why not."""

    grant_id: int
    state: str
    given: int
    refused: Mapping[str, str]
    approvals: tuple[int, ...] = ()


@transaction.atomic
def ask_grant(
    users: Sequence[str],
    *,
    offer: Offer,
    budget: Budget,
    amount_usdt: int,
    reason: str,
    gate: Gate,
    persons: Mapping[str, str],
    acting: Member,
    now: datetime,
) -> Granting:
    """Give a reward to each of these users, or ask those who must agree.

    Alone a member gives up to a daily limit. Above it somebody else approves, far above it two do, and a single reward above risk
    control's limit needs risk control. Whom the gates do not let through is left out and named.

    persons    user id → who stands behind linked accounts; a user who is not named stands alone

    writes     one grant; at once, or when it is approved, its rewards, granted; approvals; audit rows
    refuses    not_allowed       `acting` may not grant rewards
               no_reason         it is not said why
               no_users, too_many_users
               over_offer        more than the offer is worth
               nobody_left       the gates let nobody through
               no_approver       nobody is there who could agree
    """
    if not acting.may(rights.GRANT_REWARDS, "within_limit"):
        raise Refused("You may not grant rewards.", "Ask an operator.", code="not_allowed")
    reason, named = reason.strip(), list(dict.fromkeys(text for each in users if (text := each.strip())))
    if len(reason) < SHORTEST_REASON:
        raise Refused("Say why, in a sentence.", "It stands in the audit chain beside your name.", code="no_reason")
    if not named:
        raise Refused("No user is named.", "Give one id a line.", code="no_users")
    if len(named) > MOST_USERS:
        raise Refused(
            f"{len(named):,} users are too many.", f"At most {MOST_USERS:,}; more are a campaign.", code="too_many_users"
        )
    if not 0 < amount_usdt <= offer.amount_usdt:
        raise Refused(
            f"{usdt(amount_usdt):,} USDT is not what this offer gives.",
            f"It gives up to {usdt(offer.amount_usdt):,} USDT.",
            code="over_offer",
        )
    verdicts = gate(named, offer.benefit)
    refused = {user: code for user in named if (code := _why_not(verdicts.get(user)))}
    passed = [user for user in named if user not in refused]
    if not passed:
        codes = ", ".join(sorted(set(refused.values())))
        raise Refused(f"The gates let none of them through: {codes}.", "Ask risk control to look.", code="nobody_left")
    total = amount_usdt * len(passed)
    needs = _needs(acting, amount_usdt, total, now)
    granting = ManualGrant.objects.create(
        offer=offer,
        budget=budget,
        amount_usdt=amount_usdt,
        users=[[user, persons.get(user, user)] for user in passed],
        reason=reason[:400],
        total_usdt=total,
        content_hash=content_hash([offer.content_hash, budget.key, amount_usdt, sorted(passed), reason]),
        refused=refused,
        asked_by=acting,
        asked_at=now,
    )
    details = {
        "offer": offer.content_hash,
        "users": len(passed),
        "total_usdt": total,
        "reason": reason[:400],
        "refused": len(refused),
    }
    audit("ask_grant", subject=f"grant {granting.pk}", acting=acting, now=now, becomes="waiting", details=details)
    if not needs:
        return _give(granting, acting, now)
    asked = tuple(
        approvals.ask_approval(
            KIND,
            granting.pk,
            granting.content_hash,
            title=f"{len(passed):,} × {usdt(amount_usdt):,} USDT: {offer.title}",
            right=right,
            quorum=quorum,
            acting=acting,
            now=now,
        )
        for right, quorum in needs.items()
    )
    return Granting(granting.pk, "waiting", 0, refused, asked)


@transaction.atomic
def approve_grant(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Agree to a grant; with the last who must, the rewards are granted. True when this question is answered in full.

    refuses    what `approvals.approve` refuses, and
               above_limit      it is more than this member may approve
    """
    asked = Approval.objects.filter(pk=approval_id).first()
    granting = ManualGrant.objects.filter(pk=asked.number).first() if asked else None
    if asked and granting and asked.right == rights.APPROVE_REWARDS:
        refuse_above(granting.total_usdt, "one_approver", acting)
    is_full = approvals.approve(approval_id, seen=seen, acting=acting, now=now, note=note)
    if is_full and granting and not Approval.objects.filter(kind=KIND, number=granting.pk).exclude(state="approved").exists():
        _give(granting, acting, now)
    return is_full


@transaction.atomic
def withdraw_grant(grant_id: int, *, acting: Member, now: datetime) -> None:
    """Take back a grant that nobody has agreed to yet.

    refuses    unknown_grant, move_not_open
    """
    if not ManualGrant.objects.filter(pk=grant_id, asked_by=acting).exists():
        raise UnknownName(f"There is no grant {grant_id} of yours.", "Reload the page and look again.", code="unknown_grant")
    if not ManualGrant.objects.filter(pk=grant_id, state="waiting").update(state="withdrawn", done_at=now):
        raise Refused("It is not waiting any more.", "Reload and look again.", code="move_not_open")
    approvals.void_changed(KIND, grant_id, "", acting=acting, now=now)
    audit("withdraw_grant", subject=f"grant {grant_id}", acting=acting, now=now, was="waiting", becomes="withdrawn")


def granted_today(member: Member, now: datetime) -> int:
    """How much a member has given by hand since midnight UTC, what waits for approval left out."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    given = ManualGrant.objects.filter(
        asked_by=member, state="done", asked_at__gte=midnight, asked_at__lt=midnight + timedelta(days=1)
    )
    return given.aggregate(all=Sum("total_usdt"))["all"] or 0


def _needs(acting: Member, amount_usdt: int, total: int, now: datetime) -> dict[str, int]:
    """Which rights must agree, and how many who have each; none where the member may give it alone."""
    Member.objects.select_for_update().get(pk=acting.pk)  # two grants at once are counted one after the other
    needs = {}
    if granted_today(acting, now) + total > limit("operator_daily"):
        needs[rights.APPROVE_REWARDS] = 2 if total > limit("one_approver") else 1
    if amount_usdt > limit("risk_reward"):
        needs[rights.DECIDE_RISK] = 1
    return needs


def _give(granting: ManualGrant, acting: Member, now: datetime) -> Granting:
    if not ManualGrant.objects.filter(pk=granting.pk, state="waiting").update(state="done", done_at=now):
        raise Refused("It is not waiting any more.", "Reload and look again.", code="move_not_open")
    wanted = [
        NewReward(
            f"grant-{granting.pk}-{number}",
            user,
            person,
            granting.offer.content_hash,
            granting.amount_usdt,
            f"grant-{granting.pk}",
            granting.budget.key,
        )
        for number, (user, person) in enumerate(granting.users, 1)
    ]
    reserved = actions.reserve(wanted, now=now)
    given = actions.grant(reserved.taken, now=now, acting=acting)
    refused = {**granting.refused, **{each.user_id: code for each in wanted if (code := reserved.refused.get(each.key))}}
    ManualGrant.objects.filter(pk=granting.pk).update(refused=refused)
    details = {"given": len(given), "refused": len(refused)}
    audit("give_grant", subject=f"grant {granting.pk}", acting=acting, now=now, was="waiting", becomes="done", details=details)
    return Granting(granting.pk, "done", len(given), refused)


def _why_not(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not_judged"
    return "" if verdict.says == "allow" else verdict.says
