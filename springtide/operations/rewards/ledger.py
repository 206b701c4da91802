"""How money moves between the accounts of budgets: postings of many rewards at once, and the balances that follow them.

Everything here runs in the caller's transaction. The budgets are locked first, the outermost before those inside it, so that two
moves of one reward, or two who reserve from one budget, never pass each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Model, QuerySet, Sum, Value

from springtide.operations.members.models import Member
from springtide.operations.rewards.models import Budget, Entry, Posting, Reward
from springtide.operations.rewards.states import Leg

Chain = tuple[Budget, ...]  # a budget and those around it, the innermost first


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


def post(entry: Entry, rewards: QuerySet[Reward], leg: Leg) -> None:
    """Post what each of these rewards has in the column of a leg."""
    has = rewards.filter(**{f"{leg.column}__gt": 0}).order_by("pk")
    moves = has.values_list(Value(entry.pk), "budget_id", "pk", Value(leg.out_of), Value(leg.into), leg.column)
    insert_from(Posting, ("entry_id", "budget_id", "reward_id", "out_of", "into", "amount_usdt"), moves)


def insert_from(model: type[Model], columns: Sequence[str], values: QuerySet[Any, Any]) -> None:
    """Write what a query answers into a table, in one statement."""
    select, given = values.query.sql_with_params()
    table, names = model._meta.db_table, ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        cursor.execute(f"insert into {table} ({names}) {select}", given)


def carry(entry: Entry, budgets: Mapping[int, Chain]) -> int:
    """Carry the postings of an entry into the balances of their budgets and of all around those. How much was moved."""
    moved = Posting.objects.filter(entry=entry).values_list("budget_id", "out_of", "into").annotate(Sum("amount_usdt"))
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    for innermost, out_of, into, amount in moved:
        for budget in budgets[innermost]:
            changes[budget.pk].update({out_of: -amount, into: amount})
    for budget_id, by in changes.items():
        Budget.objects.filter(pk=budget_id).update(
            **{f"{account}_usdt": F(f"{account}_usdt") + amount for account, amount in by.items()}
        )
    return sum(amount for *_, amount in moved)
