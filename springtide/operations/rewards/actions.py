"""Every write of offers and rewards. The batch moves run in the caller's transaction, a few statements each, whatever the size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Max, OuterRef, QuerySet, Subquery, Value

from springtide.kernel.errors import Refused, UnknownName
from springtide.kernel.ids import content_hash
from springtide.kernel.money import usdt
from springtide.operations.inserting import insert_many
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.rewards import ledger, offers, states
from springtide.operations.rewards.budgets import named as budgets_named
from springtide.operations.rewards.caps import Held
from springtide.operations.rewards.caps import NewReward as NewReward
from springtide.operations.rewards.ledger import Chain
from springtide.operations.rewards.models import Budget, Entry, Offer, Payout, Posting, Reward
from springtide.operations.rewards.naming import among
from springtide.operations.rewards.states import Leg, Move


@dataclass(frozen=True)
class Reserved:
    """What became of a batch: keys that were reserved, and why the others were not.

    known        a reward of this key is there already
    has_one      the linked cluster has, or had, one of this campaign
    over_offer   it is worth more than the offer says
    offer_cap    the user, or all of the linked cluster, has had as many of this offer as one may
    not_beside   they have an open reward already, and one of the two stands beside no other
    no_budget    its budget, or one around it, has too little left
    closed       its budget is closed
    """

    taken: frozenset[str]
    refused: Mapping[str, str]


@transaction.atomic
def reserve(rewards: Sequence[NewReward], *, now: datetime) -> Reserved:
    """Put money aside for rewards, in the order given, in their budget and in all around it, and never more than there is.

    writes     rewards, reserved, with their postings and the balances; one audit row
    refuses    unknown_offer, unknown_budget
               bad_amount    nothing, or less
    """
    asked = {each.key: each for each in reversed(rewards)}  # a key that comes twice is one reward, the first
    offered, budgets = _offers({each.offer for each in rewards}), budgets_named({each.budget for each in rewards})
    chains = ledger.locked(each.pk for each in budgets.values())
    around = {key: chains[budget.pk] for key, budget in budgets.items()}
    held, refused = Held(rewards, offered), dict[str, str]()
    waiting = list(reversed(asked.values()))
    entry, before = Entry.objects.create(move="reserve", at=now), Reward.objects.aggregate(last=Max("pk"))["last"] or 0
    left = {budget.pk: budget.available_usdt for chain in chains.values() for budget in chain}
    while waiting:
        fitting, waiting = _fitting(waiting, left, around, held, refused)
        known = _insert(fitting, entry, offered, budgets, now)
        refused |= known
        if not known:
            break
        for each in fitting:  # what was put aside for those who have one goes to those who got none
            if each.key in known:
                for budget in around[each.budget]:
                    left[budget.pk] += each.amount_usdt
    refused |= {each.key: "no_budget" for each in waiting}
    ledger.post(entry, Reward.objects.filter(pk__gt=before, entry=entry), Leg("amount_usdt", "budget", "reserved"))
    moved = ledger.carry(entry, chains)
    taken = frozenset(asked.keys() - refused.keys())
    _told("reserve_rewards", entry, taken, moved, acting=None, now=now, refused=dict(Counter(refused.values())))
    return Reserved(taken, refused)


def release(keys: Iterable[str], *, now: datetime, reason: str, acting: Member | None = None) -> frozenset[str]:
    """Put reserved rewards back into their budgets; the keys of those that were.

    writes     the rewards, released; postings and balances; one audit row
    """
    return _move("release", dict.fromkeys(keys), now=now, acting=acting, reason=reason)


def grant(keys: Iterable[str], *, now: datetime, acting: Member | None = None) -> frozenset[str]:
    """Owe the users their reserved rewards; the keys of those that are owed now.

    writes     the rewards, granted; postings and balances; one audit row
    """
    return _move("grant", dict.fromkeys(keys), now=now, acting=acting)


def activate(keys: Iterable[str], *, now: datetime, acting: Member | None = None) -> frozenset[str]:
    """Granted rewards are in use from now on, such as a voucher that was applied; the keys of those that are.

    writes     the rewards, active; one audit row
    """
    return _move("activate", dict.fromkeys(keys), now=now, acting=acting)


def consume(amounts: Mapping[str, int | None], *, now: datetime, acting: Member | None = None) -> frozenset[str]:
    """So much of each reward, or all that is left of it, was used up; the keys of those of which something was.

    More than is left counts as what is left: the rest stands in the reconciliation.

    writes     the rewards, consumed once nothing is left; postings and balances; one audit row
    """
    some = {key: amount for key, amount in amounts.items() if amount is None or amount > 0}
    return _move("consume", some, now=now, acting=acting)


def expire(keys: Iterable[str], *, now: datetime, acting: Member | None = None) -> frozenset[str]:
    """Nobody used them in time: what is left of them may be given again. The keys of those that expired.

    writes     the rewards, expired; postings and balances; one audit row
    """
    return _move("expire", dict.fromkeys(keys), now=now, acting=acting)


def revoke(keys: Iterable[str], *, now: datetime, reason: str, acting: Member | None = None) -> frozenset[str]:
    """Take back what is left of granted rewards, as if they had never been: the linked cluster may have another.

    writes     the rewards, revoked; postings and balances; one audit row
    """
    return _move("revoke", dict.fromkeys(keys), now=now, acting=acting, reason=reason)


def claw_back(
    keys: Iterable[str], *, now: datetime, reason: str, acting: Member | None = None, only_left: bool = False
) -> frozenset[str]:
    """Take back all of granted and used rewards, because a condition was broken; or only what is left of them.

    The linked cluster gets no other of this campaign.

    writes     the rewards, clawed back; postings and balances; one audit row
    """
    return _move("take_rest" if only_left else "claw_back", dict.fromkeys(keys), now=now, acting=acting, reason=reason)


@transaction.atomic
def publish_offer(
    key: str,
    *,
    title: str,
    kind: str,
    amount_usdt: int,
    terms: Mapping[str, Any],
    acting: Member | None,
    now: datetime,
) -> Offer:
    """Make an offer, or its next version; the same content again is the version there is.

    writes     one offer; one audit row
    refuses    not_allowed     `acting` may not edit campaigns
               bad_key         not a word of a-z, 0-9, dash and underscore
               bad_amount      nothing, or less
               moved_already   somebody made a version at this very moment
               unknown_kind, unknown_term, bad_term
    """
    if acting is not None and not acting.may(rights.EDIT_CAMPAIGNS, "drafts"):
        raise Refused("You may not make offers.", "Ask a manager.", code="not_allowed")
    if not states.KEY.fullmatch(key):
        raise Refused(f"'{key}' cannot name an offer.", "Use up to 64 of a-z, 0-9, dash and underscore.", code="bad_key")
    if amount_usdt <= 0:
        raise Refused(f"An offer of {usdt(amount_usdt)} USDT is none.", "Give an amount above zero.", code="bad_amount")
    read = offers.read_terms(kind, terms)
    content = offers.hash_of(key, kind, amount_usdt, read)
    if there := Offer.objects.filter(content_hash=content).first():
        return there
    versions = Offer.objects.filter(key=key).count()
    try:
        with transaction.atomic():
            offer = Offer.objects.create(
                key=key,
                version=versions + 1,
                title=title.strip()[:200] or key,
                kind=kind,
                amount_usdt=amount_usdt,
                terms=read.as_dict(),
                content_hash=content,
                made_by=acting,
                made_at=now,
            )
    except IntegrityError as twice:
        raise Refused(
            "Somebody made this offer's next version just now.", "Look at theirs first.", code="moved_already"
        ) from twice
    details = {"version": offer.version, "content": content, "kind": kind, "amount_usdt": amount_usdt}
    audit("publish_offer", subject=f"offer {key}", acting=acting, now=now, details=details)
    return offer


@transaction.atomic
def _move(
    name: str, amounts: Mapping[str, int | None], *, now: datetime, acting: Member | None, reason: str = ""
) -> frozenset[str]:
    """Make one move of those of the rewards that are open to it: their keys. A key with an amount moves that much at most."""
    how, named = states.MOVES[name], Reward.objects.filter(among("key", amounts))
    chains = ledger.locked(named.values_list("budget_id", flat=True).distinct())
    moving = named.filter(state__in=how.was)
    if how.becomes in states.ENDED_EARLY:
        moving = _in_hand(moving, now)
    keys = dict(moving.values_list("key", "pk"))
    if not keys:
        return frozenset()
    entry = Entry.objects.create(move=name, at=now, acting=acting, reason=reason[:400])
    if how.is_in_parts:
        _post_parts(entry, moving, amounts, *how.legs)
    else:
        for leg in how.legs:
            ledger.post(entry, moving, leg)
    moved = ledger.carry(entry, chains)
    _change(moving, how, entry, now)
    _told(f"{name}_rewards", entry, keys, moved, acting=acting, now=now, reason=reason)
    return frozenset(keys)


def _post_parts(entry: Entry, moving: QuerySet[Reward], amounts: Mapping[str, int | None], leg: Leg) -> None:
    rows = (
        (entry.pk, budget_id, pk, leg.out_of, leg.into, there if (asked := amounts[key]) is None else min(there, asked))
        for key, pk, budget_id, there in moving.values_list("key", "pk", "budget_id", leg.column)
    )
    insert_many(Posting, ("entry_id", "budget_id", "reward_id", "out_of", "into", "amount_usdt"), list(rows))


def _change(moving: QuerySet[Reward], how: Move, entry: Entry, now: datetime) -> None:
    if how.is_in_parts:
        part = Subquery(Posting.objects.filter(entry=entry, reward=OuterRef("pk")).values("amount_usdt"))
        moving.update(left_usdt=F("left_usdt") - part, used_usdt=F("used_usdt") + part)
        moving.filter(left_usdt=0).update(state=how.becomes, ended_at=now)
    elif how.becomes == "granted":
        for offer in Offer.objects.filter(pk__in=set(moving.values_list("offer_id", flat=True).distinct())):
            _owe(moving.filter(offer=offer), offer, now)
    elif how.becomes in states.OPEN:
        moving.update(state=how.becomes)
    else:
        is_undone = how.becomes in states.UNDONE
        moving.update(state=how.becomes, ended_at=now, is_undone=is_undone, **{leg.column: 0 for leg in how.legs})


def _owe(rewards: QuerySet[Reward], offer: Offer, now: datetime) -> None:
    """Ask for the payout of rewards of one offer, and note until when they are locked and when they must be used."""
    at = Value(now, DateTimeField())
    columns = ("key", "reward_id", "way", "amount_usdt", "state", "due_at", "tries", "fence", "connector", "code", "says")
    said = [Value(nothing) for nothing in (0, 0, "", "", "")]
    waiting = rewards.order_by("pk").values_list("key", "pk", Value("pay"), "amount_usdt", Value("waiting"), at, *said)
    ledger.insert_from(Payout, columns, waiting)
    rewards.update(
        state="granted",
        granted_at=now,
        lock_until=offer.conditions.lock_until(now),
        use_by=offer.conditions.use_by(now) if offer.must_be_used else None,
    )


def _in_hand(rewards: QuerySet[Reward], now: datetime) -> QuerySet[Reward]:
    """Those of the rewards that no payout is under way to: one that waits or failed is called off, one that is being sent cannot be."""
    theirs = Payout.objects.filter(way="pay", reward__in=rewards)
    theirs.filter(state__in=("waiting", "held", "failed")).update(state="cancelled", ended_at=now)
    return rewards.exclude(pk__in=theirs.filter(state__in=("sending", "unknown")).values("reward_id"))


def _fitting(
    waiting: list[NewReward], left: dict[int, int], around: Mapping[str, Chain], held: Held, refused: dict[str, str]
) -> tuple[list[NewReward], list[NewReward]]:
    """Those who may have it and for whom there is money in every budget around it, in the order given; and those without money.

    `left` goes down by what fits, and who may not have it is added to `refused`.
    """
    fitting, without = [], []
    for each in waiting:
        budgets = around[each.budget]
        if not all(budget.is_open for budget in budgets):
            refused[each.key] = "closed"
        elif not all(left[budget.pk] >= each.amount_usdt for budget in budgets):
            without.append(each)
        elif code := held.why_not(each):
            refused[each.key] = code
        else:
            for budget in budgets:
                left[budget.pk] -= each.amount_usdt
            fitting.append(each)
    return fitting, without


def _insert(
    rewards: list[NewReward], entry: Entry, offered: Mapping[str, Offer], budgets: Mapping[str, Budget], now: datetime
) -> dict[str, str]:
    """Write those that may be; key → why not, of those that are there already or whose cluster has one."""
    columns = (
        *("key", "user_id", "person_id", "campaign", "amount_usdt", "left_usdt"),
        *("offer_id", "qualify_by", "budget_id", "entry_id", "reserved_at"),
    )
    of_offer = {content: (offer.pk, offer.conditions.qualify_by(now)) for content, offer in offered.items()}
    rows = (
        (
            *(each.key, each.user_id, each.person_id, each.campaign, each.amount_usdt, each.amount_usdt),
            *of_offer[each.offer],
            *(budgets[each.budget].pk, entry.pk, now),
        )
        for each in rewards
    )
    if insert_many(Reward, columns, rows, skip_known=True) == len(rewards):
        return {}
    there = dict(Reward.objects.filter(among("key", [each.key for each in rewards])).values_list("key", "entry_id"))
    return {each.key: "known" if each.key in there else "has_one" for each in rewards if there.get(each.key) != entry.pk}


def _offers(hashes: Collection[str]) -> dict[str, Offer]:
    found = {
        each.content_hash: each for each in Offer.objects.select_for_update().filter(content_hash__in=hashes).order_by("pk")
    }
    for missing in hashes - found.keys():
        raise UnknownName(f"There is no offer of the content {missing}.", "Publish it first.", code="unknown_offer")
    return found


def _told(
    action: str,
    entry: Entry,
    keys: Collection[str],
    moved_usdt: int,
    *,
    acting: Member | None,
    now: datetime,
    reason: str = "",
    refused: Mapping[str, int] | None = None,
) -> None:
    details = {
        "rewards": len(keys),
        "amount_usdt": moved_usdt,
        "keys": content_hash(sorted(keys)),
        **({"reason": reason[:400]} if reason else {}),
        **({"refused": dict(refused)} if refused else {}),
    }
    audit(action, subject=f"entry {entry.pk}", acting=acting, now=now, details=details)
