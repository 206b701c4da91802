"""The accounts of a budget, and the moves that take a reward's money from one to another. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
BUDGET_KINDS: Final = ("plan", "campaign", "stratum", "day")  # a budget lies inside one of a kind to its left

# Where an amount stands. `funding` is outside: what a budget was given came out of it, so that all accounts together are zero.
ACCOUNTS: Final = ("funding", "budget", "reserved", "granted", "consumed", "expired", "clawed_back")
BALANCES: Final = ACCOUNTS[1:]  # those whose balance a budget carries
AVAILABLE: Final = ("budget", "expired", "clawed_back")  # what may be given (again): never below zero

STATES: Final = ("reserved", "granted", "active", "consumed", "expired", "revoked", "clawed_back", "released")
OPEN: Final = ("granted", "active")  # owed to the user: the open liability
ENDED_EARLY: Final = ("expired", "revoked", "clawed_back")
UNDONE: Final = ("released", "revoked")  # as if it had never been: the linked cluster may have another


@dataclass(frozen=True)
class Leg:
    """One posting of a move: `column` of the reward says how much goes out of one account into another."""

    column: str
    out_of: str
    into: str


@dataclass(frozen=True)
class Move:
    """What a move asks of a reward, where its money goes, and what becomes of it.

    is_in_parts    an amount may be given: the reward is `becomes` only once nothing is left
    """

    was: tuple[str, ...]
    legs: tuple[Leg, ...]
    becomes: str
    is_in_parts: bool = False


MOVES: Final = {
    "release": Move(("reserved",), (Leg("left_usdt", "reserved", "budget"),), "released"),
    "grant": Move(("reserved",), (Leg("left_usdt", "reserved", "granted"),), "granted"),
    "activate": Move(("granted",), (), "active"),
    "consume": Move(OPEN, (Leg("left_usdt", "granted", "consumed"),), "consumed", is_in_parts=True),
    "expire": Move(OPEN, (Leg("left_usdt", "granted", "expired"),), "expired"),
    "revoke": Move(OPEN, (Leg("left_usdt", "granted", "clawed_back"),), "revoked"),
    "claw_back": Move(
        (*OPEN, "consumed", "expired"),
        (Leg("left_usdt", "granted", "clawed_back"), Leg("used_usdt", "consumed", "clawed_back")),
        "clawed_back",
    ),
    "take_rest": Move(OPEN, (Leg("left_usdt", "granted", "clawed_back"),), "clawed_back"),
}

WAYS: Final = ("pay", "take_back")
PAYOUT_MOVES: Final = {
    ("waiting", "lease", "sending"),  # from, move, to
    ("held", "lease", "sending"),  # looked at again
    ("sending", "settle", "paid"),
    ("sending", "settle", "failed"),  # the exchange said no
    ("sending", "settle", "waiting"),  # not now; or nobody knows, and the exchange honours keys
    ("sending", "settle", "unknown"),  # nobody knows: no machine sends it again
    ("sending", "hold", "held"),  # a gate speaks against it
    ("unknown", "resolve", "paid"),  # somebody asked the exchange
    ("unknown", "resolve", "failed"),
    ("failed", "retry", "waiting"),
    ("waiting", "cancel", "cancelled"),
    ("held", "cancel", "cancelled"),
    ("failed", "cancel", "cancelled"),
}
PAYOUT_STATES: Final = ("waiting", "held", "sending", "paid", "failed", "unknown", "cancelled")
NOT_PAID: Final = ("waiting", "held", "sending")
FILE_STATES: Final = ("made", "handed_over", "answered", "withdrawn")
GRANT_STATES: Final = ("waiting", "done", "withdrawn")

# In whole USDT, until somebody who approves above the limit sets another.
LIMITS: Final = {
    "operator_daily": 200,  # what one member grants by hand in a day without asking
    "one_approver": 5_000,  # a grant or a budget above this needs two
    "risk_reward": 500,  # a single reward above this needs risk control
    "own_budget": 50_000,  # a budget that lies in no other, above this, needs an approver
    "low_balance": 10_000,  # below this the account from which a connector pays is told to be low
}
