"""How the change of each served metric is taken apart, by its form; and the figures whose change has no parts, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from springtide.analytics.metrics.changes.parts import COUNT_UNIT, MONEY_UNIT, RATIO_UNIT
from springtide.analytics.metrics.served.catalogue import BY_KEY as SERVED_BY_KEY
from springtide.analytics.metrics.served.catalogue import SERVED, Served
from springtide.analytics.metrics.served.sums import (
    FEES_USDT,
    NET_REVENUE,
    TRADERS,
    TRADES,
    VOLUME_USDT,
    Source,
    Sum,
)
from springtide.analytics.metrics.served.tree import BRANCHES
from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import MICRO

Lengths = Literal["by_day", "any", "equal"]
Chain = tuple[tuple[str, Sum], ...]


@dataclass(frozen=True)
class Explained:
    """A served metric whose change is taken apart: a sum by groups, a ratio by rate and mix, a product by its factors.

    factors    (name, sum) of a chain of means whose last is the numerator
    per        what the whole chain is divided by: of a ratio that is a product of means
    parts      (sign, metric) of a sum of other metrics
    """

    metric: Served
    factors: Chain = ()
    per: Sum | None = None
    parts: tuple[tuple[int, Served], ...] = ()

    @property
    def key(self) -> str:
        return self.metric.key

    @property
    def lengths(self) -> Lengths:
        """Periods of unequal length are told apart `by_day`, do not matter (`any`), or make no sense (`equal`)."""
        if any(part.source == "users" and not part.trailing_days for part in self.metric.parts):
            return "equal"  # a user is counted once, however many days there are
        return "any" if self.metric.denominator or self.metric.numerator.source in _AT_THE_END else "by_day"

    @property
    def adds_up_by_product(self) -> bool:
        """Nobody is counted under two products."""
        return bool(self.metric.products) and not any(part.counts_users for part in self.metric.parts)

    @property
    def step(self) -> Decimal:
        """The smallest step in which it is told."""
        if self.metric.unit == "usdt":
            return MONEY_UNIT
        return RATIO_UNIT if self.metric.denominator else COUNT_UNIT

    @property
    def scale(self) -> Fraction:
        """How many of its numerator make one: money is kept in 1e-6 USDT, and cancels in a ratio of money."""
        return Fraction(MICRO if self.metric.unit == "usdt" else 1) / Fraction(*self.metric.factor)


_AT_THE_END: frozenset[Source] = frozenset({"users", "ends", "standing", "left_with_assets"})


def _of(part: Sum, product: str) -> Sum:
    return replace(part, column=part.products[product], products={})


_TRADES: Chain = (("traders", TRADERS), ("trades per trader", TRADES), ("size of a trade", VOLUME_USDT))
_FACTORS: Mapping[str, Chain] = {
    "trades": _TRADES[:2],
    "volume": _TRADES,
    "spot_volume": tuple((name, _of(part, "spot")) for name, part in _TRADES),
    "contract_volume": tuple((name, _of(part, "contract")) for name, part in _TRADES),
    "fees": (*_TRADES, ("take rate", FEES_USDT)),
    "net_revenue": (*_TRADES, ("net take rate", NET_REVENUE)),
    "arpu": (*_TRADES[1:], ("net take rate", NET_REVENUE)),
}
_SIGNS = {"+": 1, "−": -1}


def _parts(key: str) -> tuple[tuple[int, Served], ...]:
    """What a metric is the sum of, where all of it is served."""
    children = BRANCHES[key].children if key in BRANCHES else ()
    if not all(sign in _SIGNS and child in SERVED_BY_KEY for sign, child in children):
        return ()
    return tuple((_SIGNS[sign], SERVED_BY_KEY[child]) for sign, child in children)


EXPLAINED: tuple[Explained, ...] = tuple(
    Explained(one, _FACTORS.get(one.key, ()), TRADERS if one.key == "arpu" else None, _parts(one.key)) for one in SERVED
)
BY_KEY = {one.key: one for one in EXPLAINED}


@dataclass(frozen=True)
class Undivided:
    """A figure whose change has no parts that sum to it."""

    key: str
    asks: str
    unit: str
    reason: str


_TOP = "who is among the largest changes with it, so no part belongs to one group alone"
UNDIVIDED: Mapping[str, Undivided] = {
    one.key: one
    for one in (
        Undivided(
            "gini",
            "How unequally is it spread?",
            "ratio",
            "a Gini coefficient compares every user with every other, so no part belongs to one group alone",
        ),
        Undivided(
            "hhi",
            "How much of it lies with how few?",
            "ratio",
            "its parts are squares of shares of the whole: a group's part moves when only others do",
        ),
        Undivided("top_percent_share", "What share do the largest users in a hundred hold?", "ratio", _TOP),
        Undivided("top_users_share", "What share do the ten largest users hold?", "ratio", _TOP),
        Undivided(
            "median_hours",
            "How long does the next step take half of the users?",
            "hours",
            "the median of all users is no sum or mean of the medians of groups",
        ),
    )
}


def explained(key: str) -> Explained | Undivided:
    """refuses    unknown_metric    there is no such figure"""
    found = BY_KEY.get(key) or UNDIVIDED.get(key)
    if found is None:
        known = (*BY_KEY, *UNDIVIDED)
        raise UnknownName(f"No change of a metric '{key}' can be explained.", suggest(key, known), code="unknown_metric")
    return found
