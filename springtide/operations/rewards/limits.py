"""How much goes without a further person: the limits in force, and setting another."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.kernel.money import micro
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.rewards import states
from springtide.operations.rewards.models import Limit


def limit(key: str) -> int:
    """The limit in force, in whole 1e-6 USDT: the newest that was set, or the one that ships."""
    newest = Limit.objects.filter(key=key).order_by("-pk").values_list("amount_usdt", flat=True).first()
    return micro(states.LIMITS[key]) if newest is None else newest


def limits() -> dict[str, int]:
    """Every limit in force."""
    return {key: limit(key) for key in states.LIMITS}


@transaction.atomic
def set_limit(key: str, amount_usdt: int, *, acting: Member, now: datetime) -> None:
    """Let another limit hold from now on.

    writes     one limit; one audit row
    refuses    not_allowed      `acting` may not approve above the limits themselves
               unknown_limit
               bad_amount       below zero
    """
    if not acting.may(rights.APPROVE_REWARDS, "above_limit"):
        raise Refused("You may not set limits.", "Ask an approver, or risk control.", code="not_allowed")
    if key not in states.LIMITS:
        raise UnknownName(f"There is no limit '{key}'.", suggest(key, states.LIMITS), code="unknown_limit")
    if amount_usdt < 0:
        raise Refused("A limit is not below zero.", "Give 0 to let nothing through without a second person.", code="bad_amount")
    was = limit(key)
    Limit.objects.create(key=key, amount_usdt=amount_usdt, set_by=acting, set_at=now)
    audit("set_limit", subject=f"limit {key}", acting=acting, now=now, details={"was_usdt": was, "amount_usdt": amount_usdt})


def refuse_above(amount_usdt: int, key: str, acting: Member) -> None:
    """Refuse somebody who may approve within a limit only, where more is at stake.

    refuses    above_limit
    """
    if amount_usdt > limit(key) and not acting.may(rights.APPROVE_REWARDS, "above_limit"):
        raise Refused(
            "This is above what you may approve.", "Ask a member with the approver role, or risk control.", code="above_limit"
        )
