"""The exchange while it is played: who there is, what they have, what the market does, and the rows of the day so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from springtide.simulator import cast, people
from springtide.simulator.campaigns import CONSUME_FEE, CONSUME_LOSS, Campaign
from springtide.simulator.chance import Chance, Floats, Whole
from springtide.simulator.market import DAY_MICROS, Market
from springtide.simulator.people import HOUR, NEVER_DAY, People
from springtide.simulator.rows import Rows
from springtide.simulator.wallets import Wallets

_COPY_LEADERS = 40
_NOBODY = np.zeros(0, np.int64)


class World:
    """Everything that the parts of a day share. What is settled stands first, what changes from day to day after it."""

    def __init__(self, chance: Chance, market: Market, who: People, tasks: tuple[Campaign, ...], first: int, last: int) -> None:
        self.chance, self.market, self.people, self.campaigns = chance, market, who, tasks
        self.first, self.last = first, last
        self.by_deposit = np.argsort(who.first_deposit, kind="stable")
        self.deposit_times = who.first_deposit[self.by_deposit]
        self.by_registration = np.argsort(who.registered, kind="stable")
        self.registration_times = who.registered[self.by_registration]
        self.subs = np.flatnonzero(who.master >= 0)
        self.earners = np.flatnonzero(who.archetype == cast.EARNER)
        self.hunters = np.flatnonzero(who.archetype == cast.HUNTER)
        # Copiers trade when their leader does: they draw by the leader's number, which is no user's.
        self.leader = np.where(who.archetype == cast.COPIER, -1 - who.no % _COPY_LEADERS, who.no)
        self.frozen_on = self._frozen()
        edge = np.zeros(len(cast.NAMES))
        edge[[cast.BOT, cast.ARBITRAGEUR, cast.INSTITUTION, cast.MARKET_MAKER]] = (0.00035, 0.0009, 0.00025, 0.0002)
        self.edge = edge[who.archetype]  # how much better than the market somebody buys and sells

        self.state = Wallets.empty(who)
        self.rows = Rows()
        self.withdrew = np.zeros(who.count, np.bool_)  # to an address on a chain, ever
        self.entrants: dict[int, tuple[Whole, Whole]] = {}  # of each campaign: users, and the day each enters
        self.liquidated = _NOBODY  # today
        self.used: dict[int, list[tuple[Whole, Whole]]] = {}  # today, by action: users, and what was borne for them

    def begin(self) -> None:
        self.liquidated = _NOBODY
        self.used = {CONSUME_FEE: [], CONSUME_LOSS: []}

    def time_within(self, purpose: str, who: Whole, day: int, begins: float = 0.0, ends: float = 24.0) -> Whole:
        """An instant of the day for each user, between two hours."""
        part = self.chance.uniform(purpose, who, day)
        at: Whole = day * DAY_MICROS + ((begins + (ends - begins) * part) * HOUR).astype(np.int64)
        return at

    def fee_rate(self, schedule: Floats, who: Whole) -> Floats:
        rate = schedule[self.state.vip[who]]
        quoting = np.isin(self.people.archetype[who], (cast.MARKET_MAKER, cast.EMPLOYEE))
        found: Floats = np.where(quoting, 0.0, rate)
        return found

    def traded(
        self,
        who: Whole,
        fee: Whole,
        *,
        spot: Whole | int = 0,
        contract: Whole | int = 0,
        fills_made: NDArray[Any] | int = 0,
    ) -> None:
        s = self.state
        s.month_fees[who] += fee
        s.month_spot[who] += spot
        s.month_contract[who] += contract
        s.task_trades[who] += fills_made
        s.task_volume[who] += spot + contract

    def _frozen(self) -> NDArray[np.int32]:
        """The day on which risk control or a sanctions list stops an account, for the few it happens to."""
        p = self.people
        stopped = self.chance.uniform("play.frozen", p.no) < np.where(p.cluster_kind == people.FARM, 0.05, 0.0006)
        stopped &= p.no >= len(cast.FOUNDERS)
        after = 3 + np.floor(self.chance.uniform("play.frozen_after", p.no) * 120).astype(np.int64)
        day: Whole = p.registered // DAY_MICROS + after
        return np.where(stopped & (day <= self.last), day, NEVER_DAY).astype(np.int32)
