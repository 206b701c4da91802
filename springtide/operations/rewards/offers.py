"""What may be offered: kinds of reward and their terms, read from what people write, checked, and named by their content. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from springtide.kernel.errors import BadInput, suggest
from springtide.kernel.ids import content_hash
from springtide.kernel.money import micro


@dataclass(frozen=True)
class Kind:
    """A kind of reward.

    is_spent_when_paid   the user has it for good once it is paid; else it is used up bit by bit, as the exchange reports
    is_never_withdrawn   it can be traded with and never withdrawn, and what is traded with it earns nobody a referral commission
    """

    key: str
    about: str
    is_spent_when_paid: bool
    is_never_withdrawn: bool = False


KINDS: Final = {
    kind.key: kind
    for kind in (
        Kind("cash", "an amount in USDT", True),
        Kind("token", "an amount in another asset, worth so much when it was offered", True),
        Kind("trial_fund", "funds to trade with; only what they earn is the user's", False, is_never_withdrawn=True),
        Kind("fee_voucher", "pays trading fees until it is used up", False),
        Kind("rebate", "part of the fees back", True),
        Kind("loss_cover", "part of a loss back", True),
        Kind("apy_boost", "more interest for a while", False),
        Kind("fee_tier_trial", "the fees of a higher tier for a while", False),
        Kind("points", "points of the exchange's own scheme, at what they cost", True),
        Kind("raffle", "a prize that was drawn", True),
    )
}

PRODUCTS: Final = ("", "spot", "contract")
MOST_DAYS: Final = 730


@dataclass(frozen=True)
class Terms:
    """The conditions of an offer. What a reward needs before it is owed, what it needs afterwards, and who may have it.

    kyc_level            the least level of the user
    opt_in               the user must claim it
    net_deposit_usdt     so much more paid in than withdrawn since it was promised
    lock_days            and kept in for so many days after it was owed: who withdraws before loses the reward
    volume_usdt          so much traded since it was promised, on `markets` (any where none is listed) of `product` (both where empty)
    qualify_days         in how many days the above must be met; after that the promise lapses
    wagering_multiple    how many times its amount must be traded, after it was owed, before it is the user's own
    use_days             in how many days it must be used, and the wagering met
    per_user             how many of this offer one user may get, ever
    per_cluster          how many all linked accounts of one person may get together
    stacks               may the user hold it beside other rewards that are open?
    stacking_order       of several, volume and use count for the lowest first
    claws_back           is what was used taken back too when the lock is broken, or only what is left?
    """

    kyc_level: int = 0
    opt_in: bool = False
    net_deposit_usdt: Decimal = Decimal(0)
    lock_days: int = 0
    volume_usdt: Decimal = Decimal(0)
    markets: tuple[str, ...] = ()
    product: str = ""
    qualify_days: int = 14
    wagering_multiple: Decimal = Decimal(0)
    use_days: int = 30
    per_user: int = 1
    per_cluster: int = 1
    stacks: bool = True
    stacking_order: int = 100
    claws_back: bool = True

    @property
    def must_qualify(self) -> bool:
        """Is there anything to be met before it is owed?"""
        return self.opt_in or self.kyc_level > 0 or self.net_deposit_usdt > 0 or self.volume_usdt > 0

    def instrument(self, kind: str) -> str:
        """On what a reward of a kind makes people trade: what the matrix of jurisdictions is asked about."""
        return "perpetual" if self.product == "contract" or (kind == "trial_fund" and not self.product) else "spot"

    def qualify_by(self, promised_at: datetime) -> datetime | None:
        return promised_at + timedelta(days=self.qualify_days) if self.must_qualify else None

    def lock_until(self, granted_at: datetime) -> datetime | None:
        return granted_at + timedelta(days=self.lock_days) if self.lock_days else None

    def use_by(self, granted_at: datetime) -> datetime:
        return granted_at + timedelta(days=self.use_days)

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and hashed: amounts as text, and only what differs from the default."""
        told = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                told[field.name] = (
                    f"{value.normalize():f}"
                    if isinstance(value, Decimal)
                    else list(value)
                    if isinstance(value, tuple)
                    else value
                )
        return told


RANGES: Final[dict[str, tuple[int, int]]] = {
    "kyc_level": (0, 9),
    "net_deposit_usdt": (0, 10**9),
    "lock_days": (0, MOST_DAYS),
    "volume_usdt": (0, 10**12),
    "qualify_days": (1, MOST_DAYS),
    "wagering_multiple": (0, 1000),
    "use_days": (1, MOST_DAYS),
    "per_user": (1, 1000),
    "per_cluster": (1, 1000),
    "stacking_order": (0, 1000),
}


def read_terms(kind: str, given: Mapping[str, Any]) -> Terms:
    """The terms that somebody wrote for a kind of reward.

    refuses    unknown_kind     nothing is called that
               unknown_term
               bad_term         of the wrong type, outside its range, or at odds with another
    """
    if kind not in KINDS:
        raise BadInput(f"There is no kind of reward '{kind}'.", suggest(kind, KINDS), code="unknown_kind")
    known = {field.name: field for field in fields(Terms)}
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise BadInput(f"There is no term '{name}'.", suggest(name, known), code="unknown_term")
        read[name] = _read(name, value, known[name].default)
    terms = Terms(**read)
    for is_wrong, message, hint in (
        (
            terms.lock_days and not terms.net_deposit_usdt,
            "There is nothing to lock.",
            "Give net_deposit_usdt, or drop lock_days.",
        ),
        (
            (terms.markets or terms.product) and not (terms.volume_usdt or terms.wagering_multiple),
            "No volume is asked for on these markets.",
            "Give volume_usdt or wagering_multiple, or drop markets and product.",
        ),
        (
            terms.per_user > terms.per_cluster,
            f"One user may get {terms.per_user}, but all of a cluster {terms.per_cluster}.",
            "Give per_cluster at least as much as per_user.",
        ),
    ):
        if is_wrong:
            raise BadInput(message, hint, code="bad_term")
    return terms


def hash_of(key: str, kind: str, amount_usdt: int, terms: Terms) -> str:
    """The name of an offer's content: who approved it approved this."""
    return content_hash({"key": key, "kind": kind, "amount_usdt": amount_usdt, "terms": terms.as_dict()})


def _read(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise _bad(name, value, "Give true or false.")
    if isinstance(default, tuple):
        if (
            isinstance(value, list | tuple)
            and all(isinstance(each, str) and 0 < len(each) <= 40 for each in value)
            and len(value) <= 500
        ):
            return tuple(sorted(set(value)))
        raise _bad(name, value, "Give a list of markets as the trades name them, such as BTC-USDT.")
    if isinstance(default, str):
        if value in PRODUCTS:
            return value
        raise _bad(name, value, "It is spot, contract, or empty for both.")
    least, most = RANGES[name]
    hint = f"Give a number from {least:,} to {most:,}."
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _bad(name, value, hint)
    try:
        number = Decimal(value)
        if not least <= number <= most or (
            number != int(number) if isinstance(default, int) else number != Decimal(micro(number)) / 10**6
        ):
            raise _bad(name, value, hint)
    except InvalidOperation as bad:
        raise _bad(name, value, hint) from bad
    return int(number) if isinstance(default, int) else number


def _bad(name: str, value: Any, hint: str) -> BadInput:
    return BadInput(f"The term '{name}' is {value!r}.", hint, code="bad_term")
