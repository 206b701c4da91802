"""What a user would get, and when it is asked: gates that do not concern it are not asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from springtide.kernel.errors import UnknownName, suggest

MESSAGE: Final = "message"  # nothing but a message
REWARDS: Final = (
    "cash", "token", "trial_fund", "fee_voucher", "rebate", "loss_cover", "apy_boost", "fee_tier_trial", "points", "raffle",
)  # fmt: skip
CONTRACTS: Final = ("perpetual", "dated", "option")
INSTRUMENTS: Final = ("spot", *CONTRACTS, "earn")
Moment = Literal["audience", "payout"]

# What a gate's `applies` may ask.
BENEFIT_COLUMNS: Final = dict.fromkeys(
    ("has_benefit", "has_amount", "is_contract", "is_outbound", "is_payout", "has_lock", "has_task"), "boolean"
)


@dataclass(frozen=True)
class Lock:
    """A net deposit that qualifies for a reward, and until when it must stay. Days are both included."""

    qualifying_usdt: Decimal
    since: date
    until: date


@dataclass(frozen=True)
class Task:
    """A volume that a reward asks for, without what was traded with oneself or to and fro. Days are both included."""

    minimum_usdt: Decimal
    since: date
    until: date


@dataclass(frozen=True)
class Benefit:
    """A reward of a kind, on an instrument, worth `amount_usdt` to each user; or no more than a message.

    moment         audience: who may be addressed; payout: who may be paid, when everything is asked once more
    is_outbound    a message goes out, which needs consent
    """

    kind: str = MESSAGE
    instrument: str = "spot"
    amount_usdt: Decimal = Decimal(0)
    moment: Moment = "audience"
    is_outbound: bool = True
    lock: Lock | None = None
    task: Task | None = None

    def __post_init__(self) -> None:
        """refuses    unknown_reward, unknown_instrument"""
        if self.kind not in (MESSAGE, *REWARDS):
            raise UnknownName(
                f"There is no reward '{self.kind}'.", suggest(self.kind, (MESSAGE, *REWARDS)), code="unknown_reward"
            )
        if self.instrument not in INSTRUMENTS:
            hint = suggest(self.instrument, INSTRUMENTS)
            raise UnknownName(f"There is no instrument '{self.instrument}'.", hint, code="unknown_instrument")

    @property
    def columns(self) -> dict[str, Any]:
        """What the `applies` of a gate asks."""
        has_benefit = self.kind != MESSAGE
        return {
            "has_benefit": has_benefit,
            "has_amount": has_benefit and self.amount_usdt > 0,
            "is_contract": has_benefit and self.instrument in CONTRACTS,
            "is_outbound": self.is_outbound and self.moment == "audience",
            "is_payout": self.moment == "payout",
            "has_lock": self.lock is not None,
            "has_task": self.task is not None,
        }
