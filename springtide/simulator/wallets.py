"""What every user has and is up to: the state that is carried from one day to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springtide.simulator.chance import Floats, Whole
from springtide.simulator.fills import Columns, in_micro, stack
from springtide.simulator.people import NEVER_DAY, People

OUTSIDE, ENGAGED, AWAY, GONE = range(4)  # has brought no money yet · here · silent · closed or frozen, for good
SPOT, CONTRACT, EARN, BONUS = range(4)
PRODUCTS = ("spot", "contract", "earn", "bonus")
USDT = np.int8(0)  # the first of `ASSETS`


@dataclass(frozen=True)
class Wallets:
    """One entry per user. Money is 1e-6 USDT, quantities 1e-8 of the user's coin; days are since 1970."""

    phase: NDArray[np.int8]
    cash: Whole  # USDT in the spot wallet
    coin: Whole  # units of the user's coin in the spot wallet
    wallet: Whole  # USDT in the contract wallet, margin included
    earn: Whole
    voucher: Whole  # fees still to be waived
    trial: Whole  # losses still to be covered
    reward_of: NDArray[np.int8]  # number of the campaign that gave them
    position: Whole  # open contract, units; negative is short
    opened_notional: Whole
    margin: Whole
    brink: Floats  # the price at which the position is liquidated
    geared: NDArray[np.int16]
    wakes: NDArray[np.int32]
    exits: NDArray[np.int32]
    trades_from: NDArray[np.int32]
    not_before: Whole  # no fill of today before this instant
    boost: Floats
    boost_until: NDArray[np.int32]
    task_trades: Whole  # in the running campaign
    task_volume: Whole
    hunt_on: NDArray[np.int32]  # bonus hunters: the day of the task, how it is done, and the day the money leaves
    hunt_trades: NDArray[np.int16]
    hunt_size: Whole
    hunt_exit: NDArray[np.int32]
    vip: NDArray[np.int8]
    month_spot: Whole
    month_contract: Whole
    month_fees: Whole
    closed: NDArray[np.bool_]

    @classmethod
    def empty(cls, people: People) -> Wallets:
        n = people.count

        def whole() -> Whole:
            return np.zeros(n, np.int64)

        def never() -> NDArray[np.int32]:
            return np.full(n, NEVER_DAY, np.int32)

        return cls(
            phase=np.zeros(n, np.int8),
            cash=whole(),
            coin=whole(),
            wallet=whole(),
            earn=whole(),
            voucher=whole(),
            trial=whole(),
            reward_of=np.zeros(n, np.int8),
            position=whole(),
            opened_notional=whole(),
            margin=whole(),
            brink=np.zeros(n),
            geared=np.zeros(n, np.int16),
            wakes=never(),
            exits=never(),
            trades_from=never(),
            not_before=whole(),
            boost=np.ones(n),
            boost_until=np.zeros(n, np.int32),
            task_trades=whole(),
            task_volume=whole(),
            hunt_on=never(),
            hunt_trades=np.zeros(n, np.int16),
            hunt_size=whole(),
            hunt_exit=never(),
            vip=np.zeros(n, np.int8),
            month_spot=whole(),
            month_contract=whole(),
            month_fees=whole(),
            closed=np.zeros(n, np.bool_),
        )

    def unrealised(self, people: People, close: Floats, who: Whole) -> Whole:
        """What open positions are up or down at today's close; never below what their margin can bear."""
        units = self.position[who]
        value = in_micro(close[people.perp[who]], np.abs(units)) - self.opened_notional[who]
        gain: Whole = np.where(units >= 0, value, -value)
        return np.maximum(gain, -self.margin[who])

    def equity(self, people: People, close: Floats, who: Whole) -> Whole:
        """USDT over all own wallets; the bonus wallet is the exchange's money."""
        coins = in_micro(close[people.coin[who]], self.coin[who])
        total: Whole = self.cash[who] + coins + self.wallet[who] + self.unrealised(people, close, who) + self.earn[who]
        return total

    def snapshot(self, people: People, close: Floats) -> Columns:
        """Every holding that is not zero, at today's close; in order of product and user."""

        def held(who: Whole, asset: NDArray[np.int8] | np.int8, product: int, units: Whole, usdt: Whole) -> Columns:
            return {
                "user": who,
                "asset": np.broadcast_to(asset, who.shape).astype(np.int8),
                "product": np.full(who.size, product, np.int8),
                "units": units,
                "usdt": usdt,
            }

        def money(amounts: Whole, product: int) -> Columns:
            who = np.flatnonzero(amounts)
            return held(who, USDT, product, amounts[who] * 100, amounts[who])

        coins = np.flatnonzero(self.coin)
        kept = people.coin[coins]
        open_too = np.flatnonzero(self.wallet)
        margin_balance = self.wallet[open_too] + self.unrealised(people, close, open_too)
        lives = margin_balance != 0
        return stack(
            [
                money(self.cash, SPOT),
                held(coins, kept, SPOT, self.coin[coins], in_micro(close[kept], self.coin[coins])),
                held(open_too[lives], USDT, CONTRACT, margin_balance[lives] * 100, margin_balance[lives]),
                money(self.earn, EARN),
                money(self.voucher + self.trial, BONUS),
            ]
        )
