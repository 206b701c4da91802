"""The metric tree: which metrics a metric is the sum or the product of. The children reproduce it exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.growth_accounting import growth_accounting
from springtide.analytics.metrics.reading import last_of
from springtide.analytics.metrics.served.asked import spans
from springtide.analytics.metrics.served.catalogue import served
from springtide.analytics.metrics.served.metric_values import UTC, MetricValue, Number, metric_values
from springtide.kernel.days import Period, period_start
from springtide.kernel.errors import UnknownName, suggest

Sign = Literal["+", "−", "×"]


@dataclass(frozen=True)
class Branch:
    """What a metric is made of: (sign, metric); all signs are × or none is."""

    key: str
    children: tuple[tuple[Sign, str], ...]


TREE: tuple[Branch, ...] = (
    Branch(
        "net_revenue",
        (("+", "fees"), ("+", "other_income"), ("−", "commissions"), ("−", "rewards_cost"), ("+", "revenue_given")),
    ),
    Branch("fees", (("×", "active_traders"), ("×", "trades_per_trader"), ("×", "trade_size"), ("×", "take_rate"))),
    Branch("volume", (("×", "active_traders"), ("×", "trades_per_trader"), ("×", "trade_size"))),
    Branch("net_deposits", (("+", "deposits"), ("−", "withdrawals"))),
    Branch("active_traders", (("+", "new_traders"), ("+", "retained_traders"), ("+", "resurrected_traders"))),
)
BRANCHES: Mapping[str, Branch] = {branch.key: branch for branch in TREE}
GROWTH: Mapping[str, str] = {"new_traders": "new", "retained_traders": "retained", "resurrected_traders": "resurrected"}


@dataclass(frozen=True)
class TreeNode:
    """A metric where it stands in the tree. Values that cannot be told are null, with the reason, and count as 0 in a sum.

    sign     how it enters its parent: + and − of a sum, × of a product; null at the root
    value    in the metric's unit; numerator ÷ denominator is exact where it is rounded
    """

    key: str
    parent: str | None
    sign: Sign | None
    depth: int
    unit: str
    value: Decimal | float | int | None
    numerator: Number | None
    denominator: Number | None
    reason: str | None = None

    @property
    def exact(self) -> Fraction:
        """The value without rounding; 0 where it cannot be told."""
        return Fraction(self.numerator or 0) / Fraction(self.denominator or 1)


@dataclass(frozen=True)
class MetricTree(Answer):
    """The nodes below a metric over one period, each before its children."""

    root: str
    period: Period
    since: date
    until: date
    is_complete: bool
    rows: tuple[TreeNode, ...]

    def children(self, key: str) -> tuple[TreeNode, ...]:
        return tuple(row for row in self.rows if row.parent == key)


def metric_tree(
    engine: Engine,
    snapshot: Snapshot,
    root: str = "net_revenue",
    *,
    period: Period = "week",
    on: date | None = None,
    zone: ZoneInfo = UTC,
) -> MetricTree:
    """The tree below `root` over the day, week or month in which `on` lies (default: the last closed day).

    A product stands where each factor has something to be taken over: where nobody traded, fees have no factors. What cannot be told
    because it was not given adds nothing to a sum.

    refuses    unknown_metric    it has no tree
               unknown_period, not_closed, nothing_closed
    """
    if root not in BRANCHES:
        raise UnknownName(f"'{root}' is made of no other metrics.", suggest(root, BRANCHES), code="unknown_metric")
    latest = snapshot.require_closed()
    start = period_start(on or latest, period)
    [span] = spans(snapshot, start, max(on or latest, min(last_of(start, period), latest)), period)
    found: dict[str, MetricValue | str] = {}

    def told(key: str) -> MetricValue | str:
        """The value of a served metric, or why there is none."""
        if key not in found:
            values = metric_values(engine, snapshot, key, since=span.since, until=span.until, period=period, zone=zone)
            found[key] = values.reason or values.rows[0].reason or values.rows[0]
        return found[key]

    def node(key: str, parent: str | None, sign: Sign | None, depth: int) -> TreeNode:
        if key in GROWTH:
            why = told("active_traders")
            if isinstance(why, str):
                return TreeNode(key, parent, sign, depth, "users", None, None, None, why)
            [row] = growth_accounting(engine, snapshot, period=period, since=span.since, until=span.until).rows
            users = int(getattr(row, GROWTH[key]))
            return TreeNode(key, parent, sign, depth, "users", users, users, None)
        value = told(key)
        if isinstance(value, str):
            return TreeNode(key, parent, sign, depth, served(key).unit, None, None, None, value)
        return TreeNode(key, parent, sign, depth, served(key).unit, value.value, value.numerator, value.denominator)

    def below(key: str, parent: str | None, sign: Sign | None, depth: int) -> Iterator[TreeNode]:
        yield node(key, parent, sign, depth)
        for way, child in BRANCHES[key].children if key in BRANCHES else ():
            yield from below(child, key, way, depth + 1)

    rows = tuple(below(root, None, None, 0))
    return MetricTree(root, period, span.since, span.until, span.is_whole, _without_empty(rows))


def _without_empty(rows: tuple[TreeNode, ...]) -> tuple[TreeNode, ...]:
    """A product with a factor taken over nothing is no product: its parent stands alone."""
    undefined = {row.parent for row in rows if row.sign == "×" and row.value is None}
    left: set[str] = set()
    kept = []
    for row in rows:
        if row.parent is not None and (row.parent in undefined or row.parent in left):
            left.add(row.key)
        else:
            kept.append(row)
    return tuple(kept)
