"""Past campaigns: tasks the exchange once set, what it promised for them, and what each of them truly did to those who entered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from springtide.simulator.chance import Chance

CASH, FEE_VOUCHER, TRIAL_FUND, TOKEN = range(4)
REWARD_TYPES = ("cash", "fee_voucher", "trial_fund", "token")
GRANT, ACTIVATE, CONSUME_FEE, CONSUME_LOSS, CONVERT, EXPIRE = range(6)
ACTIONS = ("grant", "activate", "consume_fee", "consume_loss", "convert", "expire")
_EVERY_DAYS = 24
ENTRY_DAYS, TASK_DAYS, USE_DAYS, EFFECT_DAYS = 6, 12, 14, 21


@dataclass(frozen=True)
class Campaign:
    """Days are since 1970. Who enters trades `effect` times as often for `EFFECT_DAYS`: the planted truth, 1 for no effect."""

    number: int
    ref: str
    name: str
    reward_type: int
    reward_usdt: int
    minimum_trades: int | None
    minimum_volume_usdt: int | None
    starts: int
    effect: float

    @property
    def last_entry(self) -> int:
        return self.starts + ENTRY_DAYS - 1

    @property
    def ends(self) -> int:
        """The last day of the task."""
        return self.starts + TASK_DAYS - 1

    @property
    def unlocks(self) -> int:
        return self.ends + 1

    @property
    def expires(self) -> int:
        return self.unlocks + USE_DAYS


# Name, reward, its size in USDT, minimum trades, minimum volume in USDT, true effect.
_TEMPLATES = (
    ("Trade ten times", CASH, 8, 10, None, 1.20),
    ("Volume sprint", FEE_VOUCHER, 12, None, 3_000, 1.30),
    ("Try contracts with our money", TRIAL_FUND, 20, None, 10_000, 1.10),
    ("Six trades for a token", TOKEN, 6, 6, None, 1.00),
    ("Weekend volume cup", CASH, 25, None, 8_000, 1.05),
    ("Come back and trade", FEE_VOUCHER, 6, 4, None, 1.40),
)


def make_campaigns(chance: Chance, first: int, last: int) -> tuple[Campaign, ...]:
    """One campaign every `_EVERY_DAYS`, each with its own true effect around its template's; all that begin by day `last`."""
    made = []
    for number, opens in enumerate(range(first + 14, last + 1, _EVERY_DAYS)):
        name, kind, reward, trades, volume, effect = _TEMPLATES[number % len(_TEMPLATES)]
        wobble = 0.08 * float(chance.normal("campaigns.effect", np.array([number]))[0])
        made.append(
            Campaign(
                number=number,
                ref=f"past-{number + 1:02d}",
                name=f"{name} {number // len(_TEMPLATES) + 1}",
                reward_type=kind,
                reward_usdt=reward,
                minimum_trades=trades,
                minimum_volume_usdt=volume,
                starts=opens,
                effect=effect if effect == 1.0 else max(effect + wobble, 0.9),
            )
        )
    return tuple(made)
