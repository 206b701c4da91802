"""A change taken apart: contributions that sum to it to the last digit, and the waterfall that draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from springtide.analytics.metrics.answer import Answer

RATIO_UNIT = Decimal("0.000000001")  # the smallest step in which a ratio is told
MONEY_UNIT = Decimal("0.000001")
COUNT_UNIT = Decimal(1)


@dataclass(frozen=True)
class Opens:
    """The users behind a contribution: a rule over profiles and strata as of a day, or a move between two strata.

    `rule` speaks as strata do. With a `stratification`, those who stood in `from_stratum` on `stood_on` (null: who were no users yet)
    and stand in `to_stratum` as of the day.
    """

    as_of: date
    rule: str = "true"
    stratification: str | None = None
    from_stratum: str | None = None
    stood_on: date | None = None


@dataclass(frozen=True)
class Contribution:
    """What one group did to the change by one effect, in the unit of the metric.

    `then` and `now` are what moved: the group's rate, weight, factor or sum; null where there was none. `group` is null where the effect
    is of all together.
    """

    effect: str
    group: str | None
    amount: Decimal
    then: Decimal | None
    now: Decimal | None
    opens: Opens | None = None


@dataclass(frozen=True)
class Bar:
    """One bar of a waterfall: where it begins and where it ends. The first and the last stand on zero."""

    label: str
    begins: Decimal
    ends: Decimal


@dataclass(frozen=True)
class Split(Answer):
    """A change from `then` to `now` and its contributions, which sum to `now` − `then` exactly, the weightiest first."""

    then: Decimal
    now: Decimal
    rows: tuple[Contribution, ...]

    @property
    def change(self) -> Decimal:
        return self.now - self.then

    def by_effect(self) -> dict[str, Decimal]:
        """Effect → the sum of its contributions, in the order in which the effects first stand."""
        sums: dict[str, Decimal] = {}
        for row in self.rows:
            sums[row.effect] = sums.get(row.effect, Decimal(0)) + row.amount
        return sums

    def bars(self, *, shown: int = 8) -> tuple[Bar, ...]:
        """The waterfall: then, the `shown` weightiest contributions, the rest as one bar, now. Nothing is left out of the sum."""
        bars = [Bar("then", Decimal(0), self.then)]
        kept, rest = self.rows[:shown], self.rows[shown:]
        steps = [(_label(row), row.amount) for row in kept]
        if rest:
            steps.append((f"{len(rest)} more", sum((row.amount for row in rest), Decimal(0))))
        for label, amount in steps:
            bars.append(Bar(label, bars[-1].ends, bars[-1].ends + amount))
        return (*bars, Bar("now", Decimal(0), self.now))


@dataclass(frozen=True)
class Part:
    """A contribution before it is rounded."""

    effect: str
    group: str | None
    amount: Fraction
    then: Fraction | None
    now: Fraction | None


def split(then: Fraction, now: Fraction, parts: Sequence[Part], *, unit: Decimal) -> Split:
    """Exact parts as decimals of whole `unit`s that still sum to the change as it is told."""
    was, becomes = rounded(then, unit), rounded(now, unit)
    amounts = settled([part.amount for part in parts], becomes - was, unit)
    rows = [
        Contribution(part.effect, part.group, amount, _told(part.then), _told(part.now))
        for part, amount in zip(parts, amounts, strict=True)
    ]
    return Split(was, becomes, tuple(sorted(rows, key=weight)))


def weight(row: Contribution) -> tuple[Decimal, str, str]:
    """The weightiest first; names last, so that equals always stand in one order."""
    return -abs(row.amount), row.effect, row.group or ""


def settled(parts: Sequence[Fraction], total: Decimal, unit: Decimal) -> list[Decimal]:
    """The parts as whole `unit`s that sum to `total`: each is rounded down, and the largest remainders take what is left, one each.

    Rounded one by one they would miss the total by a few units, and a table whose column does not add up is not believed. `total` may
    differ from the sum of the parts by its own rounding.
    """
    in_units = [part / Fraction(unit) for part in parts]
    whole = [amount.__floor__() for amount in in_units]
    if not parts:
        return []
    left = int(total / unit) - sum(whole)
    each, ones = divmod(left, len(parts))
    by_remainder = sorted(range(len(parts)), key=lambda place: (whole[place] - in_units[place], place))
    takes = set(by_remainder[:ones])
    return [(amount + each + (place in takes)) * unit for place, amount in enumerate(whole)]


def rounded(value: Fraction, unit: Decimal) -> Decimal:
    """The nearest whole number of `unit`s; halves go to the even neighbour."""
    return round(value / Fraction(unit)) * unit


def groups_of(*sides: Mapping[str, object]) -> list[str]:
    """The groups of either period, by name: new ones and those that are gone among them."""
    return sorted(set().union(*sides))


def _told(value: Fraction | None) -> Decimal | None:
    return None if value is None else rounded(value, RATIO_UNIT)


def _label(row: Contribution) -> str:
    return row.effect if row.group is None else f"{row.group}: {row.effect}"
