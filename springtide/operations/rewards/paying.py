"""Ways to have a reward paid: signed calls to the exchange's reward API. A way writes nothing in the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from springtide.analytics.foresight.benefit import Benefit, Task
from springtide.kernel import clock
from springtide.kernel.money import micro, usdt
from springtide.operations.delivery.connectors import Outcome
from springtide.operations.delivery.connectors.webhook import outcome_of
from springtide.operations.delivery.posting import Answer, NoAnswer, Poster
from springtide.operations.delivery.signing import signed
from springtide.operations.rewards.offers import KINDS, Terms


@dataclass(frozen=True, slots=True)
class Order:
    """What the exchange is asked to do about one reward. `key`: what it must do once, however often it is asked."""

    payout_id: int
    key: str
    way: str  # pay or take_back
    user_id: str
    kind: str
    amount_usdt: int
    campaign: str
    terms: Terms
    promised_at: datetime
    qualify_by: datetime | None
    use_by: datetime | None
    tries: int = 1  # this one among them

    @property
    def benefit(self) -> Benefit:
        """What the gates are asked about, once more before it is paid."""
        since, until = self.promised_at.date(), (self.qualify_by or self.promised_at).date()
        asks_volume = self.terms.volume_usdt and not self.terms.markets
        return Benefit(
            self.kind,
            instrument=self.terms.instrument(self.kind),
            amount_usdt=usdt(self.amount_usdt),
            moment="payout",
            is_outbound=False,
            task=Task(self.terms.volume_usdt, since, until) if asks_volume else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """As it goes out. Funds that are only for trading say so each time: they are never withdrawn, and earn no commission."""
        only_for_trading = KINDS[self.kind].is_never_withdrawn
        return {
            "key": self.key,
            "way": self.way,
            "user_id": self.user_id,
            "kind": self.kind,
            "amount_usdt": str(usdt(self.amount_usdt)),
            "campaign": self.campaign,
            "is_withdrawable": not only_for_trading and not self.terms.wagering_multiple,
            "earns_commission": not only_for_trading,
            "wagering_usdt": str(usdt(micro(self.terms.wagering_multiple * self.amount_usdt / 10**6))),
            "use_by": self.use_by.isoformat() if self.use_by else None,
        }


class Payer(Protocol):
    """Somebody who pays.

    honours_keys    an order that may have been heeded is sent again; else nobody but a person decides
    at_once         orders that one call of `pay` takes; 1 without keys
    balance_usdt    what is left to pay from, as the exchange said last; null where it has not said
    """

    @property
    def name(self) -> str: ...
    @property
    def honours_keys(self) -> bool: ...
    @property
    def at_once(self) -> int: ...
    @property
    def balance_usdt(self) -> int | None: ...
    def pay(self, orders: Sequence[Order]) -> list[Outcome]: ...


@dataclass
class SignedCalls:
    """One signed call an order, several under way at a time. The answer may say what is left: `{"balance_usdt": "1200.50"}`."""

    name: str
    poster: Poster
    key: bytes = field(repr=False)
    honours_keys: bool = True
    now: Callable[[], datetime] = field(default=clock.now)
    balance_usdt: int | None = None

    @property
    def at_once(self) -> int:
        return self.poster.at_once if self.honours_keys else 1

    def pay(self, orders: Sequence[Order]) -> list[Outcome]:
        answers = self.poster.post_all([self._call(order) for order in orders])
        for answer in answers:
            self.balance_usdt = _balance(answer, self.balance_usdt)
        return [outcome_of(answer) for answer in answers]

    def close(self) -> None:
        self.poster.close()

    def _call(self, order: Order) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(order.as_dict(), ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed(self.key, order.key, body, now=self.now())
        return body, {**headers, "idempotency-key": order.key}


def _balance(answer: Answer | NoAnswer, before: int | None) -> int | None:
    """What an answer says is left; a stranger's text that is no amount says nothing."""
    try:
        told = json.loads(answer.body) if isinstance(answer, Answer) and answer.is_whole else None
        amount = Decimal(told["balance_usdt"]) if isinstance(told, dict) and isinstance(told.get("balance_usdt"), str) else None
        return before if amount is None or not 0 <= amount < 10**12 else micro(amount)
    except (ValueError, RecursionError, InvalidOperation):
        return before
