"""Opening, changing and closing budgets: every write of a budget's own money."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.kernel.ids import content_hash
from springtide.kernel.money import usdt
from springtide.operations.members import approvals
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Approval, Member
from springtide.operations.rewards import ledger, states
from springtide.operations.rewards.limits import limit, refuse_above
from springtide.operations.rewards.models import Budget

KIND: Final = "budget"


@transaction.atomic
def open_budget(
    key: str,
    *,
    title: str,
    kind: str,
    amount_usdt: int,
    acting: Member | None,
    now: datetime,
    parent: str | None = None,
    reason: str = "",
) -> Budget:
    """Open a budget, inside another one or on its own. `acting` is null for the machine, which opens what was approved elsewhere.

    One that lies in no other brings new money: above the limit of who opens it, it has none until somebody else agrees.

    writes     one budget; its funding posting, or an approval; audit rows
    refuses    not_allowed     `acting` may not
               unknown_kind, unknown_budget
               bad_key         empty, too long, or known already
               bad_amount      nothing, or less
               bad_parent      a plan lies in no other; what lies inside is of a narrower kind
               over_parent     more than the budget around it was given
               no_approver     nobody is there who could agree
    """
    if kind not in states.BUDGET_KINDS:
        raise Refused(f"There is no kind of budget '{kind}'.", suggest(kind, states.BUDGET_KINDS), code="unknown_kind")
    if not 0 < len(key) <= 120:
        raise Refused(f"'{key}' cannot name a budget.", "Give it 1 to 120 characters.", code="bad_key")
    around = named([parent])[parent] if parent is not None else None
    _refuse_stranger(acting, is_inside=around is not None)
    _refuse_amount(amount_usdt, around)
    if around is not None and states.BUDGET_KINDS.index(kind) <= states.BUDGET_KINDS.index(around.kind):
        raise Refused(
            f"A {kind} budget cannot lie inside a {around.kind} budget.",
            "From the outside in: plan, campaign, stratum, day.",
            code="bad_parent",
        )
    try:
        with transaction.atomic():
            budget = Budget.objects.create(key=key, title=title.strip()[:200] or key, kind=kind, parent=around, opened_at=now)
    except IntegrityError as twice:
        hint = "Raise that one, or choose another key."
        raise Refused(f"There is a budget '{key}' already.", hint, code="bad_key") from twice
    details = {"amount_usdt": amount_usdt, "inside": parent or "", "reason": reason[:400]}
    audit("open_budget", subject=f"budget {key}", acting=acting, now=now, becomes="open", details=details)
    _give(budget, amount_usdt, acting, now, reason)
    return budget


@transaction.atomic
def change_budget(key: str, *, amount_usdt: int, acting: Member | None, now: datetime, reason: str) -> Budget:
    """Give a budget another amount. A higher one of a budget that lies in no other waits for somebody else, as in `open_budget`.

    writes     the funding posting of the difference and the balance, or an approval; audit rows
    refuses    not_allowed, unknown_budget, bad_amount, over_parent, no_approver
               below_taken    so much of it is reserved, granted or used already, here or inside
    """
    [chain] = ledger.locked([named([key])[key].pk]).values()
    budget, *around = chain
    _refuse_stranger(acting, is_inside=bool(around))
    _refuse_amount(amount_usdt, around[0] if around else None)
    taken = budget.funded_usdt - budget.available_usdt
    if amount_usdt < taken:
        parts = ", ".join(f"{usdt(getattr(budget, f'{each}_usdt')):,} {each}" for each in ("reserved", "granted", "consumed"))
        raise Refused(
            f"'{key}' cannot be lowered to {usdt(amount_usdt):,} USDT: {usdt(taken):,} are taken ({parts}).",
            f"Lower it to {usdt(taken):,} at the least, or release reservations first.",
            code="below_taken",
        )
    details = {"was_usdt": budget.funded_usdt, "amount_usdt": amount_usdt, "reason": reason[:400]}
    audit("change_budget", subject=f"budget {key}", acting=acting, now=now, details=details)
    _give(budget, amount_usdt, acting, now, reason)
    return budget


@transaction.atomic
def close_budget(key: str, *, acting: Member | None, now: datetime, reason: str) -> None:
    """Reserve nothing more from a budget, nor from those inside it. What was reserved goes on.

    writes     the budget, closed; one audit row
    refuses    not_allowed, unknown_budget, move_not_open
    """
    budget = named([key])[key]
    _refuse_stranger(acting, is_inside=budget.parent_id is not None)
    if not Budget.objects.filter(pk=budget.pk, is_open=True).update(is_open=False):
        raise Refused(f"'{key}' is closed already.", "Reload and look again.", code="move_not_open")
    details = {"reason": reason[:400]}
    audit("close_budget", subject=f"budget {key}", acting=acting, now=now, was="open", becomes="closed", details=details)


@transaction.atomic
def approve_budget(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Agree to what a budget shall have; it has it from now on. True once it is approved.

    refuses    what `approvals.approve` refuses, and above_limit, below_taken
    """
    asked = Approval.objects.filter(pk=approval_id).first()
    if asked:
        [[budget, *_]] = ledger.locked([asked.number]).values()
        refuse_above(budget.asked_usdt or 0, "own_budget", acting)
    is_full = approvals.approve(approval_id, seen=seen, acting=acting, now=now, note=note)
    if is_full and asked and budget.asked_usdt is not None:
        _fund(budget, budget.asked_usdt, acting, now, reason=asked.title)
    return is_full


def named(keys: Collection[str]) -> dict[str, Budget]:
    """Budgets by their keys.

    refuses    unknown_budget
    """
    found = {each.key: each for each in Budget.objects.filter(key__in=keys)}
    for missing in set(keys) - found.keys():
        hint = suggest(missing, Budget.objects.values_list("key", flat=True))
        raise UnknownName(f"There is no budget '{missing}'.", hint or "Open one first.", code="unknown_budget")
    return found


def content_of(budget: Budget) -> str:
    """What an approval of a budget binds to."""
    return content_hash([budget.key, budget.kind, budget.asked_usdt])


def _give(budget: Budget, amount_usdt: int, acting: Member | None, now: datetime, reason: str) -> None:
    """Fund it to so much, or ask for that where it is new money above the limit of who asks."""
    brings_money = budget.parent_id is None and amount_usdt > budget.funded_usdt
    if acting is None or not brings_money or amount_usdt <= limit("own_budget"):
        _fund(budget, amount_usdt, acting, now, reason)
        return
    budget.asked_usdt = amount_usdt
    budget.save(update_fields=["asked_usdt"])
    approvals.ask_approval(
        KIND,
        budget.pk,
        content_of(budget),
        title=f"{budget.title}: {usdt(amount_usdt):,} USDT",
        right=rights.APPROVE_REWARDS,
        acting=acting,
        now=now,
    )


def _fund(budget: Budget, amount_usdt: int, acting: Member | None, now: datetime, reason: str) -> None:
    if amount_usdt != budget.funded_usdt:
        ledger.fund(budget, amount_usdt - budget.funded_usdt, acting=acting, now=now, reason=reason[:400])
    if budget.asked_usdt is not None:
        budget.asked_usdt = None
        budget.save(update_fields=["asked_usdt"])
        if acting is not None:
            approvals.void_changed(KIND, budget.pk, content_of(budget), acting=acting, now=now)


def _refuse_stranger(acting: Member | None, *, is_inside: bool) -> None:
    """Who drafts campaigns may part a budget; new money is for those who approve rewards."""
    may = acting is None or acting.may(rights.APPROVE_REWARDS, "within_limit", "above_limit")
    if not may and not (is_inside and acting is not None and acting.may(rights.EDIT_CAMPAIGNS, "drafts")):
        raise Refused("You may not change this budget.", "Ask a manager or an approver.", code="not_allowed")


def _refuse_amount(amount_usdt: int, around: Budget | None) -> None:
    if amount_usdt <= 0:
        raise Refused(f"A budget of {usdt(amount_usdt)} USDT gives nothing.", "Give an amount above zero.", code="bad_amount")
    if around is not None and amount_usdt > around.funded_usdt:
        raise Refused(
            f"{usdt(amount_usdt):,} USDT is more than the {usdt(around.funded_usdt):,} USDT of '{around.key}'.",
            "Raise the budget around it first, or ask for less.",
            code="over_parent",
        )
