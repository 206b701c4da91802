"""What screens, commands and other rooms ask about budgets and rewards."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Sum

from springtide.operations.rewards import states
from springtide.operations.rewards.models import Budget, Posting, Reward


@dataclass(frozen=True)
class LedgerState:
    """Whether the balances are what the postings add up to: how many postings, and what does not fit, in words."""

    postings: int
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.faults


def ledger_state() -> LedgerState:
    """Add up every posting anew, and compare with the balances of the budgets and with what each reward says of itself."""
    faults = []
    parents: dict[int, int | None] = dict(Budget.objects.values_list("pk", "parent_id"))
    stands: dict[int, Counter[str]] = defaultdict(Counter)
    moved = Posting.objects.values_list("budget_id", "out_of", "into").annotate(Sum("amount_usdt"))
    for budget_id, out_of, into, amount in moved:
        at: int | None = budget_id
        while at is not None:
            stands[at].update({out_of: -amount, into: amount})
            at = None if "funding" in (out_of, into) else parents[at]  # a budget's own money is not that of those around it
    for budget in Budget.objects.all():
        for account in states.BALANCES:
            says, adds_up = getattr(budget, f"{account}_usdt"), stands[budget.pk][account]
            if says != adds_up:
                faults.append(f"Budget {budget.key} says {says} {account}; its postings add up to {adds_up}.")
        if stands[budget.pk].total():
            faults.append(f"The accounts of budget {budget.key} are {stands[budget.pk].total()} in sum, not zero.")
    for account, column in (("reserved", "left_usdt"), ("granted", "left_usdt"), ("consumed", "used_usdt")):
        open_in = {"reserved": ("reserved",), "granted": states.OPEN}.get(account, states.STATES)
        says = Reward.objects.filter(state__in=open_in).aggregate(all=Sum(column))["all"] or 0
        adds_up = sum(stands[pk][account] for pk, parent in parents.items() if parent is None)
        if says != adds_up:
            faults.append(f"The rewards have {says} {account}; the postings add up to {adds_up}.")
    return LedgerState(Posting.objects.count(), tuple(faults))
