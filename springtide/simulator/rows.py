"""The rows that a day leaves behind, as raw columns by table, and the words that their codes stand for.

A raw row names its user by number, money in 1e-6 USDT, times in microseconds, and carries an *ordinal* that tells it from the user's
other rows of the same day and table; `export` turns all of that into the input tables.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springtide.simulator.campaigns import Campaign
from springtide.simulator.chance import Whole
from springtide.simulator.fills import Columns
from springtide.simulator.people import NEVER

DEPOSIT, WITHDRAWAL, INTERNAL_IN, INTERNAL_OUT = range(4)
KINDS = ("deposit", "withdrawal", "internal_in", "internal_out")
CRYPTO, FIAT, CARD, P2P, NO_RAIL = range(5)
RAILS = ("crypto", "fiat", "card", "p2p", "")
COMPLETED, FAILED = range(2)
STATUSES = ("completed", "failed")
CONVERT_SPREAD, LIQUIDATION_FEE, EARN_MARGIN = range(3)
INCOME_KINDS = ("convert_spread", "liquidation_fee", "earn_margin")
REFERRAL_COMMISSION, AFFILIATE, REBATE = range(3)
COMMISSION_KINDS = ("referral", "affiliate", "rebate")
KYC_LEVEL, VIP_LEVEL, STATUS, CONSENT = range(4)
ATTRIBUTES = ("kyc_level", "vip_level", "status", "consent")
ACTIVE, FROZEN, CLOSED = range(3)
ACCOUNT_STATES = ("active", "frozen", "closed")
EARN_SUBSCRIBE, EARN_REDEEM, EARN_INTEREST, COPY_FOLLOW = range(4)
EVENTS = ("earn_subscribe", "earn_redeem", "earn_interest", "copy_follow")
SELF_EXCLUSION, COOLING_OFF, SANCTIONS, RISK_HOLD, NO_PROMO, VULNERABLE = range(6)
RESTRICTIONS = ("self_exclusion", "cooling_off", "sanctions", "risk_hold", "no_promo", "vulnerable")

Tables = dict[str, list[Columns]]


class Rows:
    """Collects the rows of one day; every method takes one entry per user, and nobody twice."""

    def __init__(self) -> None:
        self.tables: Tables = defaultdict(list)

    def take(self) -> Tables:
        """The day's rows; what comes next belongs to the next day."""
        taken, self.tables = self.tables, defaultdict(list)
        return taken

    def add(self, table: str, columns: Columns) -> None:
        self.tables[table].append(columns)

    def transfer(
        self,
        who: Whole,
        kind: int,
        at: Whole,
        asset: NDArray[np.int8],
        units: Whole,
        usdt: Whole,
        ordinal: Whole | int,
        rail: NDArray[Any] | None = None,
        status: int = COMPLETED,
    ) -> None:
        if not who.size:
            return
        self.add(
            "transfers",
            {
                "user": who,
                "at": at,
                "kind": np.full(who.size, kind, np.int8),
                "rail": np.full(who.size, NO_RAIL, np.int8) if rail is None else rail.astype(np.int8),
                "asset": asset,
                "units": units,
                "usdt": usdt,
                "status": np.full(who.size, status, np.int8),
                "ordinal": np.broadcast_to(np.asarray(ordinal, np.int64), who.shape),
            },
        )

    def reward(self, who: Whole, campaign: Campaign, action: int, at: Whole, amount: Whole | int) -> None:
        if not who.size:
            return
        self.add(
            "reward_entries",
            {
                "user": who,
                "campaign": np.full(who.size, campaign.number, np.int16),
                "action": np.full(who.size, action, np.int8),
                "usdt": np.broadcast_to(np.asarray(amount, np.int64), who.shape),
                "at": at,
                "ordinal": np.full(who.size, campaign.number * 8 + action, np.int64),
            },
        )

    def income(self, who: Whole, kind: int, at: Whole, usdt: Whole, *, slot: int = 0) -> None:
        some = usdt > 0
        self._amount("other_income", who[some], kind, at[some], usdt[some], slot)

    def commission(self, who: Whole, kind: int, at: int, usdt: Whole) -> None:
        some = usdt > 0
        self._amount("commissions", who[some], kind, np.full(int(some.sum()), at, np.int64), usdt[some])

    def event(self, who: Whole, name: int, at: Whole, usdt: Whole) -> None:
        self._amount("events", who, name, at, usdt)

    def _amount(self, table: str, who: Whole, kind: int, at: Whole, usdt: Whole, slot: int = 0) -> None:
        if not who.size:
            return
        self.add(
            table,
            {
                "user": who,
                "at": at,
                "kind": np.full(who.size, kind, np.int8),
                "usdt": usdt,
                "ordinal": np.full(who.size, kind * 16 + slot, np.int64),
            },
        )

    def status(self, who: Whole, attribute: int, at: Whole, old: NDArray[Any] | int, new: NDArray[Any] | int) -> None:
        self.add("user_status_history", status(who, attribute, at, old, new))

    def restriction(self, who: Whole, kind: int, begins: Whole, ends: Whole | None = None) -> None:
        self.add("restrictions", restriction(who, kind, begins, ends))


def status(who: Whole, attribute: int, at: Whole, old: NDArray[Any] | int, new: NDArray[Any] | int) -> Columns:
    return {
        "user": who,
        "attribute": np.full(who.size, attribute, np.int8),
        "at": at,
        "old": np.broadcast_to(np.asarray(old, np.int64), who.shape),
        "new": np.broadcast_to(np.asarray(new, np.int64), who.shape),
    }


def restriction(who: Whole, kind: int, begins: Whole, ends: Whole | None = None) -> Columns:
    """`ends` null: for good."""
    return {
        "user": who,
        "kind": np.full(who.size, kind, np.int8),
        "from": begins,
        "to": np.full(who.size, NEVER) if ends is None else ends,
    }
