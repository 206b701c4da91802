"""Paying what is owed, and taking back what must be: every write of payouts.

A payout is leased under a number drawn for it; who was overtaken holds an old one and settles nothing. Just before it is sent, the
gates are asked again. What nobody knows the end of is sent again only to an exchange that honours keys.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import F, QuerySet

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.delivery.connectors import Outcome
from springtide.operations.inserting import insert_many
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.rewards import actions, states
from springtide.operations.rewards.models import Payout, PayoutBalance, Reward
from springtide.operations.rewards.naming import among
from springtide.operations.rewards.paying import Order, Payer
from springtide.operations.risk.gates import Verdict

LEASE: Final = timedelta(minutes=2)
LEASED: Final = 200  # orders taken up together
LOOKED_AT_AGAIN: Final = timedelta(days=1)  # what a gate holds
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=6)
TRIES: Final = 12  # of an order whose end nobody knows, at an exchange that honours keys

Gate = Callable[[Sequence[Order]], Mapping[str, Verdict]]  # user id → what the gates say; who is not named is denied


@dataclass(frozen=True)
class Batch:
    """Orders leased together."""

    fence: int
    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Settled:
    """What became of an order. `due_at` stands with those that are looked at again."""

    state: str
    code: str = ""
    says: str = ""
    due_at: datetime | None = None


def pay(payer: Payer, *, gate: Gate, now: Callable[[], datetime], stop: threading.Event | None = None) -> dict[str, int]:
    """Send what is due until nothing is, or until told to stop: outcome → orders."""
    counted: Counter[str] = Counter()
    while not (stop and stop.is_set()) and (batch := lease(payer, now=now())):
        verdicts = gate([each for each in batch.orders if each.way == "pay"])
        settled = {
            each.payout_id: Settled("held", why_held(verdicts.get(each.user_id)), due_at=now() + LOOKED_AT_AGAIN)
            for each in batch.orders
            if each.way == "pay" and why_held(verdicts.get(each.user_id))
        }
        settle(batch, settled, payer, now=now())
        sending = [each for each in batch.orders if each.payout_id not in settled]
        counted.update(each.state for each in settled.values())
        for start in range(0, len(sending), payer.at_once):
            some = sending[start : start + payer.at_once]
            outcomes = payer.pay(some)
            told = {each.payout_id: _became(outcome, payer, each, now()) for each, outcome in zip(some, outcomes, strict=True)}
            settle(batch, told, payer, now=now())
            counted.update(each.state for each in told.values())
            if all(each.kind == "later" for each in outcomes):
                _give_back(batch, sending[start + payer.at_once :], now())
                return dict(counted)  # the exchange is not there: what waits has its time
    return dict(counted)


@transaction.atomic
def lease(payer: Payer, *, now: datetime, most: int = LEASED) -> Batch | None:
    """The payouts that are due, now being sent; None when nothing is.

    writes     the payouts: sending, one more try. What was being sent when its worker died waits again where the exchange honours
               keys, and is unknown where it does not
    """
    lost = Payout.objects.filter(state="sending", file=None, due_at__lt=now)
    if payer.honours_keys:
        lost.update(state="waiting", due_at=now, code="worker_lost")
    else:
        lost.update(state="unknown", ended_at=now, code="worker_lost")
    due = Payout.objects.filter(state__in=("waiting", "held"), due_at__lte=now).order_by("due_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    ids = list(due.values_list("pk", flat=True)[:most])
    if not ids:
        return None
    fence = secrets.randbelow(2**62) + 1
    Payout.objects.filter(pk__in=ids).update(
        state="sending", due_at=now + LEASE, tries=F("tries") + 1, fence=fence, connector=payer.name
    )
    return Batch(fence, orders(Payout.objects.filter(pk__in=ids)))


def orders(payouts: QuerySet[Payout]) -> tuple[Order, ...]:
    """Payouts as they are told to the exchange, the oldest first."""
    return tuple(
        Order(
            each.pk,
            each.key,
            each.way,
            each.reward.user_id,
            each.reward.offer.kind,
            each.amount_usdt,
            each.reward.campaign,
            each.reward.offer.conditions,
            each.reward.reserved_at,
            each.reward.qualify_by,
            each.reward.use_by,
            each.tries,
        )
        for each in payouts.select_related("reward__offer").order_by("pk")
    )


@transaction.atomic
def settle(batch: Batch, settled: Mapping[int, Settled], payer: Payer, *, now: datetime) -> None:
    """Store what became of orders of a batch, and what follows for their rewards; of those that were taken over, nothing.

    writes     payouts; moves of rewards that were paid or taken back; what the payer has left
    """
    groups: dict[Settled, list[int]] = defaultdict(list)
    for payout_id, each in settled.items():
        groups[each].append(payout_id)
    paid: list[int] = []
    for each, ids in groups.items():
        ours = Payout.objects.filter(pk__in=ids, fence=batch.fence, state="sending")
        if each.state == "paid":
            paid += ours.values_list("pk", flat=True)
        ours.update(**_changes(each, now))
    follow(paid, now=now)
    if payer.balance_usdt is not None:
        told = {"balance_usdt": payer.balance_usdt, "seen_at": now}
        PayoutBalance.objects.update_or_create(connector=payer.name, defaults=told)


def follow(paid: Sequence[int], *, now: datetime, acting: Member | None = None) -> None:
    """What follows for the rewards whose payouts are done: paid for good, in use from now on, or taken back."""
    done: dict[str, list[str]] = defaultdict(list)
    for each in Payout.objects.filter(pk__in=paid).select_related("reward__offer"):
        if each.way == "pay":
            done["activate" if each.reward.offer.must_be_used else "consume"].append(each.reward.key)
        else:
            done["claw_back" if each.reward.offer.conditions.claws_back else "take_rest"].append(each.reward.key)
    actions.activate(done["activate"], now=now, acting=acting)
    actions.consume(dict.fromkeys(done["consume"]), now=now, acting=acting)
    actions.claw_back(done["claw_back"], now=now, acting=acting, reason="taken back by the exchange")
    actions.claw_back(done["take_rest"], now=now, acting=acting, reason="taken back by the exchange", only_left=True)


@transaction.atomic
def take_back(keys: Sequence[str], *, reason: str, now: datetime, acting: Member | None = None) -> frozenset[str]:
    """Take back rewards because a condition was broken: the keys of those for which something happens.

    What was never paid is taken back at once. What was paid is asked back from the exchange, and counts as taken back only when it
    says so. What is being paid at this moment stays as it is: look again when it is settled.

    writes     payouts that take back; or the rewards, clawed back; audit rows
    """
    open_to = Reward.objects.filter(among("key", keys), state__in=states.MOVES["claw_back"].was)
    paid = Payout.objects.filter(way="pay", state="paid", reward__in=open_to).select_related("reward__offer")
    asked = {each.reward.key: each.reward for each in paid}
    rows = [
        (f"{key}:back", each.pk, "take_back", _takes(each), "waiting", now, reason[:200])
        for key, each in asked.items()
        if _takes(each) > 0
    ]
    columns = ("key", "reward_id", "way", "amount_usdt", "state", "due_at", "says")
    new = insert_many(Payout, columns, rows, skip_known=True)
    if new:
        audit("take_back_rewards", subject="payouts", acting=acting, now=now, details={"rewards": new, "reason": reason[:400]})
    never_paid = [key for key in open_to.values_list("key", flat=True) if key not in asked]
    at_once = actions.claw_back(never_paid, now=now, acting=acting, reason=reason)
    return at_once | (frozenset(asked) if new else frozenset())


@transaction.atomic
def resolve(payout_id: int, *, is_paid: bool, reason: str, acting: Member, now: datetime) -> None:
    """Say how a payout ended of which nobody knew, after asking the exchange.

    writes     the payout, paid or failed, and what follows for its reward; audit rows
    refuses    not_allowed, unknown_payout, no_reason
               move_not_open    its end is known
    """
    _refuse_stranger(acting)
    _move(payout_id, ("unknown",), "paid" if is_paid else "failed", reason, acting, now)
    if is_paid:
        follow([payout_id], now=now, acting=acting)


@transaction.atomic
def retry(payout_id: int, *, reason: str, acting: Member, now: datetime) -> None:
    """Send a payout again that the exchange did not want.

    writes     the payout, waiting; one audit row
    refuses    not_allowed, unknown_payout, no_reason, move_not_open
    """
    _refuse_stranger(acting)
    _move(payout_id, ("failed", "held"), "waiting", reason, acting, now)


@transaction.atomic
def give_up(payout_id: int, *, reason: str, acting: Member, now: datetime) -> None:
    """Pay it no more: the reward is revoked, and its money can be given again.

    writes     the payout, cancelled; the reward, revoked; audit rows
    refuses    not_allowed, unknown_payout, no_reason, move_not_open
    """
    _refuse_stranger(acting)
    _move(payout_id, ("waiting", "held", "failed"), "cancelled", reason, acting, now)
    payout = Payout.objects.select_related("reward").get(pk=payout_id)
    if payout.way == "pay":
        actions.revoke([payout.reward.key], now=now, acting=acting, reason=reason)


def _move(payout_id: int, was: tuple[str, ...], becomes: str, reason: str, acting: Member, now: datetime) -> None:
    if not reason.strip():
        raise Refused("Say why.", "Write what the exchange answered, or who decided.", code="no_reason")
    payout = Payout.objects.filter(pk=payout_id).first()
    if payout is None:
        raise UnknownName(f"There is no payout {payout_id}.", "Reload the page and look again.", code="unknown_payout")
    ends = None if becomes == "waiting" else now
    as_seen = Payout.objects.filter(pk=payout_id, state__in=was)
    if not as_seen.update(state=becomes, due_at=now, ended_at=ends, code="", says=reason.strip()[:200]):
        raise Refused(f"The payout is {payout.state}.", "Reload and look again.", code="move_not_open")
    details = {"reason": reason.strip()[:400]}
    audit(
        "settle_payout",
        subject=f"payout {payout.key}",
        acting=acting,
        now=now,
        was=payout.state,
        becomes=becomes,
        details=details,
    )


def _refuse_stranger(acting: Member) -> None:
    if not acting.may(rights.APPROVE_REWARDS, "within_limit", "above_limit"):
        raise Refused("You may not settle payouts.", "Ask a manager or an approver.", code="not_allowed")


def _takes(reward: Reward) -> int:
    return reward.left_usdt + (reward.used_usdt if reward.offer.conditions.claws_back else 0)


def why_held(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not_judged"
    return "" if verdict.says == "allow" else (verdict.reasons[0] if verdict.reasons else verdict.says)[:64]


def _became(outcome: Outcome, payer: Payer, order: Order, now: datetime) -> Settled:
    code, says = outcome.code[:64], outcome.says[:200]
    if outcome.kind in ("sent", "rejected"):
        return Settled("paid" if outcome.kind == "sent" else "failed", code, says)
    if outcome.kind == "unclear" and not (payer.honours_keys and order.tries < TRIES):
        return Settled("unknown", code, says)
    asked = outcome.wait_seconds
    return Settled(
        "waiting", code, says, due_at=now + (_wait_after(order.tries) if asked is None else timedelta(seconds=asked))
    )


def _wait_after(tries: int) -> timedelta:
    return min(FIRST_WAIT * 2.0 ** min(tries - 1, 20), LONGEST_WAIT)


def _changes(settled: Settled, now: datetime) -> dict[str, object]:
    ends = {} if settled.state in states.NOT_PAID else {"ended_at": now}
    due = {"due_at": settled.due_at} if settled.due_at else {}
    return {"state": settled.state, "code": settled.code, "says": settled.says, **ends, **due}


def _give_back(batch: Batch, unsent: Sequence[Order], now: datetime) -> None:
    """What was leased and not sent is due as before."""
    ids = [each.payout_id for each in unsent]
    Payout.objects.filter(pk__in=ids, fence=batch.fence, state="sending").update(
        state="waiting", tries=F("tries") - 1, due_at=now
    )
