"""What carries rewards between rooms: the gates asked of the lake, the pass after a close, and the payouts."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from springtide.analytics.decisions.assignment import attach_persons
from springtide.analytics.engine import Column
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight.benefit import Benefit
from springtide.cycle.campaigns import SLICE, Slice
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.days import day_of
from springtide.kernel.errors import NothingYet
from springtide.operations.campaigns.policy import policy_in_force
from springtide.operations.members.models import Member
from springtide.operations.rewards import budgets, files, granting, reads
from springtide.operations.rewards.conditions import advance
from springtide.operations.rewards.granting import Granting
from springtide.operations.rewards.paying import Order
from springtide.operations.rewards.payouts import pay
from springtide.operations.rewards.reconciling import Reconciliation, reconcile, take_over
from springtide.operations.rewards.settings import read_payer
from springtide.operations.risk.gates import Verdict, flagged, verdicts

log = logging.getLogger(__name__)

PAY_EVERY: Final = 5.0  # seconds between two looks at what is due


class Gates:
    """The gates of a home, as rooms that give rewards ask them: the evidence of the last close, and what is live now."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def of_users(self, users: Sequence[str], benefit: Benefit) -> dict[str, Verdict]:
        now = clock.now()
        with self.home.reading() as (engine, snapshot):
            as_of = day_of(now, self.home.settings.zone)
            told = verdicts(engine, snapshot, users, benefit=benefit, as_of=as_of, now=now)
        for user, verdict in flagged(users, benefit=benefit, now=now).items():
            told[user] = _worse(told[user], verdict)
        return told

    def of_orders(self, orders: Sequence[Order]) -> dict[str, Verdict]:
        together: dict[Benefit, list[str]] = defaultdict(list)
        for each in orders:
            together[each.benefit].append(each.user_id)
        told: dict[str, Verdict] = {}
        for benefit, users in together.items():
            for user, verdict in self.of_users(users, benefit).items():
                told[user] = _worse(told.get(user, verdict), verdict)
        return told


def _worse(one: Verdict, other: Verdict) -> Verdict:
    """Of two verdicts on a user the one that lets less through."""
    return max(one, other, key=lambda each: ("allow", "review", "deny").index(each.says))


def persons_of(home: Home, users: Sequence[str], *, now: datetime) -> dict[str, str]:
    """User → the person behind linked accounts, as campaigns know them; who is not in the lake is not named."""
    with home.reading() as (engine, snapshot):
        salt, day = policy_in_force(home.path).salt, day_of(now, home.settings.zone)
        engine.table("asked_by_name", (Column("user_id", "varchar"),), [(user,) for user in users])
        snapshot.attach(engine, "users", fact_schema("users"))
        engine.make(
            "asked",
            "select u.master_no as user_no, a.user_id from asked_by_name as a inner join users as u on a.user_id = u.user_id",
        )
        attach_persons(engine, snapshot, salt=salt, day=day, few="asked")
        named = engine.rows(
            "select a.user_id, u.user_id as person_id from asked as a inner join persons_of as p on a.user_no = p.user_no"
            " inner join users as u on p.person_no = u.user_no"
        )
        return dict(named.values)


def grant_by_hand(
    home: Home, users: Sequence[str], *, offer: str, budget: str, amount_usdt: int, reason: str, acting: Member, now: datetime
) -> Granting:
    """Give a reward to users, or ask who must agree; see `granting.ask_grant`.

    refuses    what `granting.ask_grant` refuses, and unknown_offer, unknown_budget, nothing_closed
    """
    return granting.ask_grant(
        users,
        offer=reads.offer(offer),
        budget=budgets.named([budget])[budget],
        amount_usdt=amount_usdt,
        reason=reason,
        gate=Gates(home).of_users,
        persons=persons_of(home, users, now=now),
        acting=acting,
        now=now,
    )


def make_payout_file(home: Home, *, acting: Member, now: datetime) -> int:
    """Put the payouts that are due into a file; see `files.make_file`."""
    return files.make_file(gate=Gates(home).of_orders, acting=acting, now=now)


def follow_rewards(home: Home, *, now: datetime) -> Mapping[str, Any]:
    """What follows for rewards once a day is closed: what the exchange says of them, then how far their conditions are.

    refuses    nothing_closed
    """
    with home.engine(worker=True) as engine:
        snapshot, zone = home.lake.snapshot(), home.settings.zone
        try:
            taken = asdict(take_over(engine, snapshot, zone=zone, now=now))
        except NothingYet as none:
            if none.code != "no_references":
                raise
            taken = {}
        return {**asdict(advance(engine, snapshot, zone=zone, now=now)), "taken_over": taken}


class Payments:
    """What a worker does between two jobs: sends the payouts that are due, where the home says to whom; else they wait for a file."""

    def __init__(self, home: Home, *, now: Callable[[], datetime] = clock.now) -> None:
        self.payer, self.gates, self.now = read_payer(home.path), Gates(home), now
        self._last = 0.0

    def __call__(self) -> None:
        """Pay for a while, unless the last time was just now. What fails is logged, and tried again the next time."""
        if self.payer is None or time.monotonic() - self._last < PAY_EVERY:
            return
        self._last = time.monotonic()
        try:
            pay(self.payer, gate=self.gates.of_orders, now=self.now, stop=Slice(SLICE))
        except Exception:
            log.exception("payouts could not be sent")


def reconciliation(home: Home) -> Reconciliation:
    """Our rewards against the exchange's entries.

    refuses    nothing_closed, no_references
    """
    with home.reading() as (engine, snapshot):
        return reconcile(engine, snapshot, zone=home.settings.zone)
