"""A sum over groups, such as revenue by stratum or users by channel: what each group added to the change."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from springtide.analytics.metrics.changes.parts import Part, Split, groups_of, split


def sum_split(
    then: Mapping[str, int], now: Mapping[str, int], *, days: tuple[int, int] = (1, 1), unit: Decimal, scale: Fraction | int = 1
) -> Split:
    """The change of a sum: each group's own difference.

    then, now    group → sum over the period, whole numbers of which `scale` make one; a group that is absent has none
    days         how many days each period has, where the sum grows with them

    Periods of unequal length differ by their length alone. That share stands apart as the effect `length`, mean daily value × difference
    in days, and each group's `level` is mean days × difference of its daily values: of a product with two factors the mid-point split,
    which leaves nothing over.
    """
    days_then, days_now = days
    parts = []
    length = Fraction(0)
    for group in groups_of(then, now):
        was, becomes = Fraction(then.get(group, 0), scale), Fraction(now.get(group, 0), scale)
        level = Fraction(days_then + days_now, 2) * (becomes / days_now - was / days_then)
        length += becomes - was - level
        parts.append(Part("level", group, level, was if group in then else None, becomes if group in now else None))
    if days_then != days_now:
        parts.append(Part("length", None, length, Fraction(days_then), Fraction(days_now)))
    return split(Fraction(sum(then.values()), scale), Fraction(sum(now.values()), scale), parts, unit=unit)
