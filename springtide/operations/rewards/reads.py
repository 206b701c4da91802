"""What screens, commands and other rooms ask about budgets, rewards and payouts. Amounts leave as Decimal USDT."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Count, Sum

from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import usdt
from springtide.operations.members import states as rights
from springtide.operations.members.models import Member
from springtide.operations.rewards import states
from springtide.operations.rewards.limits import limit
from springtide.operations.rewards.models import (
    Budget,
    ManualGrant,
    Offer,
    Payout,
    PayoutBalance,
    PayoutFile,
    Posting,
    Reward,
)

SOON: Final = timedelta(days=7)


@dataclass(frozen=True)
class LedgerState:
    """Whether the balances are what the postings add up to: how many postings, and what does not fit, in words."""

    postings: int
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class BudgetSeen:
    """A budget with what stands where. `left_usdt`: what may still be reserved here, the budgets around it heard too."""

    key: str
    title: str
    kind: str
    parent: str | None
    depth: int
    is_open: bool
    given_usdt: Decimal
    reserved_usdt: Decimal
    granted_usdt: Decimal
    consumed_usdt: Decimal
    expired_usdt: Decimal
    clawed_back_usdt: Decimal
    available_usdt: Decimal
    left_usdt: Decimal
    asked_usdt: Decimal | None


@dataclass(frozen=True)
class Liability:
    """What is owed to users for one kind of reward: granted and not yet used up, expired or taken back."""

    kind: str
    rewards: int
    usdt: Decimal


@dataclass(frozen=True)
class Expiry:
    """Rewards that end in a week: promises that lapse, and granted ones that expire."""

    what: str  # lapses or expires
    rewards: int
    usdt: Decimal
    first_at: datetime


@dataclass(frozen=True)
class BalanceSeen:
    """What a connector has left to pay from, and whether that is little."""

    connector: str
    usdt: Decimal
    seen_at: datetime
    is_low: bool


@dataclass(frozen=True)
class Money:
    """Where the money is. `payouts`: state → how many and how much, of those that are not done; `liability` the largest first."""

    budgets: tuple[BudgetSeen, ...]
    given_usdt: Decimal
    reserved_usdt: Decimal
    granted_usdt: Decimal
    consumed_usdt: Decimal
    available_usdt: Decimal
    liability: tuple[Liability, ...]
    expiries: tuple[Expiry, ...]
    payouts: dict[str, tuple[int, Decimal]]
    balances: tuple[BalanceSeen, ...]


@dataclass(frozen=True)
class RewardSeen:
    """A reward of a user, and how far they are."""

    key: str
    offer: str
    kind: str
    campaign: str
    budget: str
    state: str
    amount_usdt: Decimal
    left_usdt: Decimal
    used_usdt: Decimal
    reserved_at: datetime
    granted_at: datetime | None
    qualify_by: datetime | None
    use_by: datetime | None
    ended_at: datetime | None
    payout: str  # its state; empty where none was asked for


@dataclass(frozen=True)
class PostingSeen:
    """One posting of a reward's story."""

    at: datetime
    move: str
    out_of: str
    into: str
    amount_usdt: Decimal
    by: str
    reason: str


@dataclass(frozen=True)
class PayoutSeen:
    """A payout that somebody must look at."""

    id: int
    key: str
    way: str
    user_id: str
    amount_usdt: Decimal
    state: str
    code: str
    says: str
    due_at: datetime


@dataclass(frozen=True)
class GrantSeen:
    """A grant by hand. `refused`: user → why not."""

    id: int
    offer: str
    budget: str
    users: int
    amount_usdt: Decimal
    total_usdt: Decimal
    reason: str
    state: str
    refused: dict[str, str]
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True)
class OfferSeen:
    """The newest version of an offer."""

    key: str
    version: int
    title: str
    kind: str
    amount_usdt: Decimal
    terms: dict[str, object]
    content_hash: str


@dataclass(frozen=True)
class FileSeen:
    """A file of payouts: how many of its rows were paid, failed, and are not answered."""

    id: int
    state: str
    rows: int
    amount_usdt: Decimal
    paid: int
    failed: int
    made_by: str
    made_at: datetime


def money(*, now: datetime) -> Money:
    """Where the money is, budget by budget and in sum over those that lie in no other."""
    seen = budgets()
    outer = [each for each in seen if each.parent is None]

    def total(account: str) -> Decimal:
        return sum((getattr(each, f"{account}_usdt") for each in outer), Decimal(0))

    owed = Reward.objects.filter(state__in=states.OPEN, ended_at=None).values_list("offer__kind")
    waiting = Payout.objects.exclude(state__in=("paid", "cancelled")).values_list("state")
    return Money(
        budgets=seen,
        given_usdt=total("given"),
        reserved_usdt=total("reserved"),
        granted_usdt=total("granted"),
        consumed_usdt=total("consumed"),
        available_usdt=total("available"),
        liability=tuple(
            Liability(kind, rewards, usdt(amount))
            for kind, rewards, amount in owed.annotate(Count("pk"), amount=Sum("left_usdt")).order_by("-amount")
        ),
        expiries=tuple(_expiries(now)),
        payouts={state: (count, usdt(amount)) for state, count, amount in waiting.annotate(Count("pk"), Sum("amount_usdt"))},
        balances=balances(),
    )


def budgets() -> tuple[BudgetSeen, ...]:
    """Every budget, each followed by those inside it, the newest of the outermost first."""
    inside: dict[int | None, list[Budget]] = defaultdict(list)
    for each in Budget.objects.order_by("-pk"):
        inside[each.parent_id].append(each)

    def walk(parent: Budget | None, depth: int, left: int | None) -> Iterator[BudgetSeen]:
        for each in inside[parent.pk if parent else None]:
            least = each.available_usdt if left is None else min(left, each.available_usdt)
            yield _budget(each, parent, depth, least)
            yield from walk(each, depth + 1, least)

    return tuple(walk(None, 0, None))


def budget(key: str) -> BudgetSeen:
    """One budget.

    refuses    unknown_budget
    """
    found = {each.key: each for each in budgets()}
    if key not in found:
        raise UnknownName(f"There is no budget '{key}'.", suggest(key, found) or "Open one first.", code="unknown_budget")
    return found[key]


def balances() -> tuple[BalanceSeen, ...]:
    """What each connector has left to pay from, as the exchange said last."""
    low = limit("low_balance")
    return tuple(
        BalanceSeen(each.connector, usdt(each.balance_usdt), each.seen_at, each.balance_usdt < low)
        for each in PayoutBalance.objects.order_by("connector")
    )


def offers() -> tuple[OfferSeen, ...]:
    """The newest version of each offer."""
    newest = {each.key: each for each in Offer.objects.order_by("version")}
    return tuple(
        OfferSeen(each.key, each.version, each.title, each.kind, usdt(each.amount_usdt), dict(each.terms), each.content_hash)
        for _, each in sorted(newest.items())
    )


def offer(key: str) -> Offer:
    """The newest version of an offer, as the handle that an action takes.

    refuses    unknown_offer
    """
    found = Offer.objects.filter(key=key).order_by("-version").first()
    if found is None:
        keys = Offer.objects.values_list("key", flat=True).distinct()
        raise UnknownName(f"There is no offer '{key}'.", suggest(key, keys) or "Publish one first.", code="unknown_offer")
    return found


def rewards_of(user_id: str) -> tuple[RewardSeen, ...]:
    """What a user was promised and got, the newest first. The caller has found that the user may be seen."""
    theirs = Reward.objects.filter(user_id=user_id).select_related("offer", "budget").prefetch_related("payouts")
    return tuple(_reward(each) for each in theirs.order_by("-pk"))


def reward(key: str) -> tuple[RewardSeen, str, tuple[PostingSeen, ...]]:
    """One reward, its user, and its whole story.

    refuses    unknown_reward
    """
    found = Reward.objects.filter(key=key).select_related("offer", "budget").prefetch_related("payouts").first()
    if found is None:
        raise UnknownName(f"There is no reward '{key}'.", "Look at the user's page.", code="unknown_reward")
    postings = Posting.objects.filter(reward=found).select_related("entry__acting").order_by("pk")
    story = tuple(
        PostingSeen(
            each.entry.at,
            each.entry.move,
            each.out_of,
            each.into,
            usdt(each.amount_usdt),
            each.entry.acting.display_name if each.entry.acting else "",
            each.entry.reason,
        )
        for each in postings
    )
    return _reward(found), found.user_id, story


def payouts(in_states: Sequence[str], *, count: int = 100) -> tuple[PayoutSeen, ...]:
    """Payouts in these states, the oldest first."""
    rows = Payout.objects.filter(state__in=in_states).select_related("reward").order_by("pk")
    return tuple(
        PayoutSeen(
            each.pk,
            each.key,
            each.way,
            each.reward.user_id,
            usdt(each.amount_usdt),
            each.state,
            each.code,
            each.says,
            each.due_at,
        )
        for each in rows[:count]
    )


def files(*, count: int = 20) -> tuple[FileSeen, ...]:
    """The latest files of payouts."""
    rows = PayoutFile.objects.select_related("made_by").order_by("-pk")[:count]
    ends = Counter(
        {
            (file, state): rows_
            for file, state, rows_ in Payout.objects.filter(file__in=[each.pk for each in rows])
            .values_list("file", "state")
            .annotate(Count("pk"))
        }
    )
    return tuple(
        FileSeen(
            each.pk,
            each.state,
            each.rows,
            usdt(each.amount_usdt),
            ends[each.pk, "paid"],
            ends[each.pk, "failed"],
            each.made_by.display_name,
            each.made_at,
        )
        for each in rows
    )


def grants(reader: Member, *, count: int = 50) -> tuple[GrantSeen, ...]:
    """The latest grants by hand that a member may see: all, or their own."""
    rows = ManualGrant.objects.select_related("offer", "budget", "asked_by").order_by("-pk")
    if not reader.may(rights.SEE_BUDGETS):
        rows = rows.filter(asked_by=reader)
    return tuple(_grant(each) for each in rows[:count])


def grant_lines(number: int) -> tuple[tuple[str, str, str], ...]:
    """What somebody who approves a grant must see: (what, was, becomes)."""
    each = ManualGrant.objects.select_related("offer", "budget").get(pk=number)
    some = ", ".join(user for user, _ in each.users[:20])
    more = f" … ({len(each.users):,})" if len(each.users) > 20 else ""
    left = f"{usdt(each.budget.available_usdt):,}"
    return (
        ("offer", "", f"{each.offer.title} ({each.offer.kind})"),
        ("users", "", some + more),
        ("amount_usdt", "", f"{usdt(each.amount_usdt):,}"),
        ("budget", left, f"{usdt(each.budget.available_usdt - each.total_usdt):,}"),
        ("reason", "", each.reason),
    )


def budget_lines(number: int) -> tuple[tuple[str, str, str], ...]:
    """What somebody who approves a budget must see."""
    each = Budget.objects.get(pk=number)
    return ((each.key, f"{usdt(each.funded_usdt):,}", f"{usdt(each.asked_usdt or 0):,}"),)


def file_lines(number: int) -> tuple[tuple[str, str, str], ...]:
    """What somebody who approves a file of payouts must see: how many of each kind, and how much."""
    rows = Payout.objects.filter(file=number).values_list("way", "reward__offer__kind")
    told = rows.annotate(Count("pk"), Sum("amount_usdt")).order_by("way", "reward__offer__kind")
    return tuple((f"{way} {kind}", "", f"{count:,}: {usdt(amount):,} USDT") for way, kind, count, amount in told)


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
    for each in Budget.objects.all():
        for account in states.BALANCES:
            says, adds_up = getattr(each, f"{account}_usdt"), stands[each.pk][account]
            if says != adds_up:
                faults.append(f"Budget {each.key} says {says} {account}; its postings add up to {adds_up}.")
        if stands[each.pk].total():
            faults.append(f"The accounts of budget {each.key} are {stands[each.pk].total()} in sum, not zero.")
    for account, column in (("reserved", "left_usdt"), ("granted", "left_usdt"), ("consumed", "used_usdt")):
        open_in = {"reserved": ("reserved",), "granted": states.OPEN}.get(account, states.STATES)
        says = Reward.objects.filter(state__in=open_in).aggregate(all=Sum(column))["all"] or 0
        adds_up = sum(stands[pk][account] for pk, parent in parents.items() if parent is None)
        if says != adds_up:
            faults.append(f"The rewards have {says} {account}; the postings add up to {adds_up}.")
    return LedgerState(Posting.objects.count(), tuple(faults))


def _expiries(now: datetime) -> Iterator[Expiry]:
    for what, in_states, column in (("lapses", ("reserved",), "qualify_by"), ("expires", states.OPEN, "use_by")):
        soon = Reward.objects.filter(state__in=in_states, ended_at=None, **{f"{column}__lt": now + SOON})
        told = soon.aggregate(rewards=Count("pk"), usdt=Sum("left_usdt"))
        if told["rewards"]:
            first_at = soon.order_by(column).values_list(column, flat=True)[0]
            yield Expiry(what, told["rewards"], usdt(told["usdt"]), first_at)


def _budget(each: Budget, parent: Budget | None, depth: int, left: int) -> BudgetSeen:
    return BudgetSeen(
        each.key,
        each.title,
        each.kind,
        parent.key if parent else None,
        depth,
        each.is_open,
        usdt(each.funded_usdt),
        usdt(each.reserved_usdt),
        usdt(each.granted_usdt),
        usdt(each.consumed_usdt),
        usdt(each.expired_usdt),
        usdt(each.clawed_back_usdt),
        usdt(each.available_usdt),
        usdt(left),
        None if each.asked_usdt is None else usdt(each.asked_usdt),
    )


def _reward(each: Reward) -> RewardSeen:
    paid = [payout.state for payout in each.payouts.all() if payout.way == "pay"]
    return RewardSeen(
        each.key,
        each.offer.title,
        each.offer.kind,
        each.campaign,
        each.budget.key,
        each.state,
        usdt(each.amount_usdt),
        usdt(each.left_usdt),
        usdt(each.used_usdt),
        each.reserved_at,
        each.granted_at,
        each.qualify_by,
        each.use_by,
        each.ended_at,
        paid[0] if paid else "",
    )


def _grant(each: ManualGrant) -> GrantSeen:
    return GrantSeen(
        each.pk,
        each.offer.title,
        each.budget.key,
        len(each.users),
        usdt(each.amount_usdt),
        usdt(each.total_usdt),
        each.reason,
        each.state,
        dict(each.refused),
        each.asked_by.display_name,
        each.asked_at,
    )
