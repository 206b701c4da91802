"""A ratio over groups, such as first-trade conversion by channel: better rates, or another mix?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from springtide.analytics.metrics.changes.parts import RATIO_UNIT, Part, Split, groups_of, split
from springtide.kernel.estimates import NotEstimable

Ratio = tuple[int, int]  # numerator, denominator
NONE: Ratio = (0, 0)


def rate_and_mix(
    then: Mapping[str, Ratio], now: Mapping[str, Ratio], *, unit: Decimal = RATIO_UNIT, scale: Fraction | int = 1
) -> Split | NotEstimable:
    """The change of Σ numerators ÷ Σ denominators, by the rate and by the weight of every group, with nothing left over.

    then, now    group → (numerator, denominator); a group that is absent has neither. `scale` numerators make one, as of money

        rate effect = w̄ · Δr        what the group's own rate did
        mix effect  = (r̄ − R̄) · Δw  what more or less weight in it did, against the ratio of all together

    r is the group's rate, w its share of the denominators, R the ratio of all; a bar is the mean of then and now. Since Σ Δw = 0, the
    effects sum to ΔR: an algebraic identity, which a test shows on random groups. A group that is new or gone has a rate in one period
    only: it is taken for both, and all that the group did is mix. A numerator without a denominator belongs to no rate; what it adds
    stands as rate.
    """
    if reason := _refused(then) or _refused(now):
        return reason
    sides = [(Fraction(sum(n for n, _ in side.values()), scale), sum(d for _, d in side.values())) for side in (then, now)]
    ratio_then, ratio_now = (numerator / denominator for numerator, denominator in sides)
    middle = (ratio_then + ratio_now) / 2
    parts = []
    for group in groups_of(then, now):
        (was, base_was), (becomes, base_becomes) = then.get(group, NONE), now.get(group, NONE)
        weight_then, weight_now = Fraction(base_was, sides[0][1]), Fraction(base_becomes, sides[1][1])
        rates = [Fraction(n, d * scale) if d else None for n, d in ((was, base_was), (becomes, base_becomes))]
        known = [rate for rate in rates if rate is not None]
        rate = sum(known, Fraction(0)) / len(known) if known else Fraction(0)
        share = Fraction(becomes, scale) / sides[1][1] - Fraction(was, scale) / sides[0][1]  # of the change, in all
        parts.append(Part("rate", group, share - rate * (weight_now - weight_then), *rates))
        parts.append(Part("mix", group, (rate - middle) * (weight_now - weight_then), weight_then, weight_now))
    return split(ratio_then, ratio_now, parts, unit=unit)


def _refused(side: Mapping[str, Ratio]) -> NotEstimable | None:
    if below := sorted(group for group, (_, denominator) in side.items() if denominator < 0):
        return NotEstimable("negative_denominator", f"the denominator of {below[0]} is below zero, so it has no weight")
    if not sum(denominator for _, denominator in side.values()):
        return NotEstimable("no_denominator", "one of the periods has nobody to take the ratio over")
    return None
