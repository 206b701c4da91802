"""How money moves between the accounts of budgets: postings of many rewards at once, and the balances that follow them.

Everything here runs in the caller's transaction. The budgets are locked first, the outermost before those inside it, so that two
moves of one reward, or two who reserve from one budget, never pass each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import F

from springtide.operations.inserting import insert_many
from springtide.operations.members.models import Member
from springtide.operations.rewards.models import Budget, Entry, Posting

Chain = tuple[Budget, ...]  # a budget and those around it, the innermost first


class Post(NamedTuple):
    """An amount that goes out of one account of a budget into another, for a reward."""

    budget_id: int
    reward_id: int
    out_of: str
    into: str
    amount_usdt: int


def locked(budget_ids: Iterable[int]) -> dict[int, Chain]:
    """Each of these budgets with all around it, locked until the transaction ends."""
    wanted = set(budget_ids)
    inside: dict[int, int | None] = dict(Budget.objects.filter(pk__in=wanted).values_list("pk", "parent_id"))
    while above := {parent for parent in inside.values() if parent is not None} - inside.keys():
        inside |= dict(Budget.objects.filter(pk__in=above).values_list("pk", "parent_id"))
    held = {each.pk: each for each in Budget.objects.select_for_update().filter(pk__in=inside).order_by("pk")}

    def chain(budget_id: int | None) -> Iterator[Budget]:
        while budget_id is not None:
            yield held[budget_id]
            budget_id = inside[budget_id]

    return {budget_id: tuple(chain(budget_id)) for budget_id in wanted}


def fund(budget: Budget, amount_usdt: int, *, acting: Member | None, now: datetime, reason: str) -> None:
    """Give a budget money from outside; below zero, take some of it back."""
    out_of, into = ("funding", "budget") if amount_usdt > 0 else ("budget", "funding")
    entry = Entry.objects.create(move="fund", at=now, acting=acting, reason=reason)
    Posting.objects.create(entry=entry, budget=budget, out_of=out_of, into=into, amount_usdt=abs(amount_usdt))
    budget.budget_usdt += amount_usdt
    Budget.objects.filter(pk=budget.pk).update(budget_usdt=F("budget_usdt") + amount_usdt)


def post(entry: Entry, posts: list[Post], budgets: dict[int, Chain]) -> int:
    """Write postings, and carry them into the balances of their budgets and of all around those. How much was moved."""
    insert_many(
        Posting,
        ["entry_id", "budget_id", "reward_id", "out_of", "into", "amount_usdt"],
        ((entry.pk, *each) for each in posts),
    )
    moved: Counter[tuple[int, str, str]] = Counter()
    for each in posts:
        moved[each.budget_id, each.out_of, each.into] += each.amount_usdt
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    for (innermost, out_of, into), amount in moved.items():
        for budget in budgets[innermost]:
            changes[budget.pk].update({out_of: -amount, into: amount})
    for budget_id, by in changes.items():
        Budget.objects.filter(pk=budget_id).update(
            **{f"{account}_usdt": F(f"{account}_usdt") + amount for account, amount in by.items()}
        )
    return moved.total()
