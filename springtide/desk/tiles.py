"""What the console's templates are given: one frozen dataclass per tile. Money is Decimal USDT, shares run from 0 to 1.

A tile that cannot be made is `Missing`: it says why, and what would make it available. It is never an empty picture or a zero.
Names (of strata, of steps) are in the member's language already; keys are what addresses carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Amount = int | float | Decimal
Better = Literal["up", "down", "neither"]
Tone = Literal["good", "bad", "plain"]
Query = Mapping[str, str]  # what opens the users behind a figure: parameters of the list page


@dataclass(frozen=True)
class Missing:
    """Why there is no figure, and what would make one."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class Regime:
    """The market on a day."""

    key: str | None  # bull, bear, flat; None where prices are not known
    name: str
    is_high_volatility: bool
    return_30d: float | None


@dataclass(frozen=True)
class Change:
    """A figure against an earlier one. `ratio` is None where the earlier one is zero or below."""

    before: Amount
    difference: Amount
    ratio: float | None
    tone: Tone

    @classmethod
    def of(cls, now: Amount, before: Amount, better: Better) -> Change:
        difference = Decimal(str(now)) - Decimal(str(before))
        tone: Tone = (
            "plain" if not difference or better == "neither" else "good" if (difference > 0) == (better == "up") else "bad"
        )
        return cls(before, difference, float(difference) / float(before) if before > 0 else None, tone)

    @property
    def direction(self) -> Literal["up", "down", "same"]:
        return "up" if self.difference > 0 else "down" if self.difference < 0 else "same"


@dataclass(frozen=True)
class Number:
    """One of the five numbers the Overview opens with."""

    label: str
    about: str
    is_money: bool
    value: Amount | Missing
    change: Change | None = None
    opens: Query | None = None


@dataclass(frozen=True)
class Headline:
    """The answer in a sentence, the five numbers, and the days they cover."""

    sentence: str
    numbers: tuple[Number, ...]
    since: date
    until: date


@dataclass(frozen=True)
class Movement:
    """Users who went from one stratum to another, and how many did so in the time before."""

    stratification: str
    from_name: str
    to_name: str
    users: int
    change: Change
    opens: Query


@dataclass(frozen=True)
class Movements:
    """The movements that matter between two days; `has_before`: there was a time before to compare with."""

    rows: tuple[Movement, ...]
    since: date
    until: date
    has_before: bool


@dataclass(frozen=True)
class WorkList:
    """A list worth working: who, why, and the first step."""

    title: str
    why: str
    users: int
    money: Decimal | None
    money_label: str
    opens: Query


@dataclass(frozen=True)
class Cell:
    """Users of one stratum of each of two stratifications. `heat`: 1 to 6, the step of the colour; 0 for nobody."""

    users: int
    heat: int
    name: str
    opens: Query


@dataclass(frozen=True)
class Edge:
    """A row's or a column's name and sum."""

    name: str
    about: str
    users: int
    opens: Query


@dataclass(frozen=True)
class CellMap:
    """The map of one stratification against another."""

    down: str
    across: str
    columns: tuple[Edge, ...]
    rows: tuple[tuple[Edge, tuple[Cell, ...]], ...]
    users: int


@dataclass(frozen=True)
class GrowthPoint:
    """One period: what came and went, and the regime at its end. `opens` has parts whose users can be listed."""

    start: date
    is_whole: bool
    active: Amount
    new: Amount
    retained: Amount
    resurrected: Amount
    churned: Amount
    expansion: Amount
    contraction: Amount
    regime: str | None
    opens: Mapping[str, Query]

    @property
    def net(self) -> Decimal:
        came, went = (self.new, self.resurrected, self.expansion), (self.churned, self.contraction)
        return sum((Decimal(str(x)) for x in came), Decimal(0)) - sum((Decimal(str(x)) for x in went), Decimal(0))


@dataclass(frozen=True)
class Growth:
    """Growth accounting over periods, oldest first. `is_money`: expansion and contraction are told too."""

    unit: str
    period: str
    points: tuple[GrowthPoint, ...]
    quick_ratio: float | None
    is_money: bool

    @property
    def has_regime(self) -> bool:
        return any(point.regime for point in self.points)

    @property
    def has_partial(self) -> bool:
        return any(not point.is_whole for point in self.points)


@dataclass(frozen=True)
class StratumBar:
    name: str
    about: str
    users: int
    share: float
    change: Change | None
    trend: tuple[int, ...]
    opens: Query


@dataclass(frozen=True)
class StrataBars:
    """One stratification: its strata in their order, against the day `before`; the trend has a point a week."""

    key: str
    name: str
    question: str
    version: str
    bars: tuple[StratumBar, ...]
    users: int
    as_of: date
    before: date | None
    trend_since: date | None

    @property
    def largest(self) -> int:
        return max((bar.users for bar in self.bars), default=0)


@dataclass(frozen=True)
class Flow:
    from_key: str
    to_key: str
    users: int
    opens: Query | None


@dataclass(frozen=True)
class Flows:
    """Who stands elsewhere than on the earlier day, and who stayed. `names`: stratum → name, in the definition's order."""

    stratification: str
    name: str
    since: date
    until: date
    flows: tuple[Flow, ...]
    names: Mapping[str, str]
    moved: int
    stayed: int
    with_stayed: bool


@dataclass(frozen=True)
class Step:
    """One step of the activation chain. The rate is among users old enough to have had the time."""

    name: str
    users: int | None
    old_enough: int | None
    rate: float | None
    within_days: int | None
    median_hours: float | None
    reason: str  # why it cannot be told; empty where it can
    opens: Query | None


@dataclass(frozen=True)
class Activation:
    steps: tuple[Step, ...]

    @property
    def first(self) -> int:
        return (self.steps[0].users or 0) if self.steps else 0


@dataclass(frozen=True)
class TableState:
    """One table of the lake: how far it reaches."""

    name: str
    rows: int
    first_day: date | None
    last_day: date | None
    days_behind: int | None
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class NotAvailable:
    what: str
    reason: str


@dataclass(frozen=True)
class Freshness:
    """Which tables are there and how far they reach; what cannot be told, and why."""

    tables: tuple[TableState, ...]
    not_given: tuple[str, ...]
    not_available: tuple[NotAvailable, ...]
    closed_through: date | None
    facts_through: date | None
    open_days: int
    quarantined: int

    @property
    def behind(self) -> tuple[TableState, ...]:
        """Tables that end more than a day before the last fact."""
        return tuple(table for table in self.tables if (table.days_behind or 0) > 1)


@dataclass(frozen=True)
class Column:
    """A column of a list: its key, its name, and how its values are shown."""

    key: str
    name: str
    kind: Literal["id", "text", "stratum", "count", "money", "day", "ratio", "truth"]

    @property
    def is_figure(self) -> bool:
        return self.kind in ("count", "money", "ratio")


@dataclass(frozen=True)
class UserPage:
    """One page of a selection. `total` counts all of it, whatever the page."""

    title: str
    why: str
    as_of: date
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    total: int
    page: int
    pages: int
    order: str
    descending: bool
    left_out: tuple[str, ...]  # columns this member may not see
    not_known: tuple[str, ...]  # columns that were never given


@dataclass(frozen=True)
class RestatedFigure:
    """A published figure that moved when its day was closed again."""

    day: date
    name: str
    was: Amount
    now: Amount
    is_money: bool
    at: datetime


@dataclass(frozen=True)
class StratumDefined:
    name: str
    rule: str
    about: str


@dataclass(frozen=True)
class Defined:
    """A stratification in force, as a manager reads it aloud."""

    key: str
    name: str
    question: str
    version: str
    hash: str
    strata: tuple[StratumDefined, ...]
    reason: str  # why it is not available; empty where it is
    waits: bool = False  # a changed version waits for a second person
