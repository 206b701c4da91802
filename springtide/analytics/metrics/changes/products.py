"""A product such as revenue = users × trades per user × size of a trade × take rate: which factor moved it?

LMDI-I in its additive form: Ang (2005), "The LMDI approach to decomposition analysis: a practical guide", Energy Policy 33, 867–871,
equation 5 with L(a, b) = (a − b) ÷ (ln a − ln b) as defined in Ang (2004), Energy Policy 32, 1131–1139. It leaves nothing over, and what it
gives for then and now it gives with the other sign for now and then.
Zeros are the limits of the formula, not small numbers in their place: Wood and Lenzen (2006), Energy Policy 34, 1326–1331.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from springtide.analytics.metrics.changes.parts import Part, Split, groups_of, split
from springtide.kernel.estimates import NotEstimable

DIGITS = 50  # of the logarithms; the result is told with at most nine

Chain = Sequence[int]  # users, trades, volume, fees: each factor is one over the one before it, the first is itself


def product_split(
    factors: Sequence[str],
    then: Mapping[str, Chain],
    now: Mapping[str, Chain],
    *,
    common: int = 0,
    unit: Decimal,
    scales: Sequence[int] = (),
) -> Split | NotEstimable:
    """The change of the last quantity of a chain, by its factors, summed over groups.

    factors      a name for every quantity of the chain: `users`, `trades per user`, …
    then, now    group → the quantities
    common       how many of the first are the same in every group, such as all users: the factor after them is the group's share
    scales       how many of each quantity make one, as of money (default: one)

    A group whose quantities go below zero, or which has a value where an earlier quantity is zero, has no logarithm: its change stands
    whole as `not split`. When no group can be split there is no estimate.
    """
    scales = scales or (1,) * len(factors)
    groups = groups_of(then, now)
    zeros = (0,) * len(factors)
    sides = {group: (then.get(group, zeros), now.get(group, zeros)) for group in groups}
    told = {group: pair for group, pair in sides.items() if all(map(_is_chain, pair))}
    if groups and not told:
        return NotEstimable("no_logarithm", "quantities below zero, or a value without users, cannot be split into factors")
    effects = [Fraction(0)] * len(factors)
    for pair in told.values():
        effects = [sum_ + effect for sum_, effect in zip(effects, _effects(*pair), strict=True)]
    means = [_factors([side[place] for side in told.values()], common, scales) for place in (0, 1)]
    parts = [
        Part(name, None, effect / scales[-1], was, becomes)
        for name, effect, was, becomes in zip(factors, effects, *means, strict=True)
    ]
    for group in groups:
        if group not in told:
            was, becomes = (Fraction(side[-1], scales[-1]) for side in sides[group])
            parts.append(Part("not split", group, becomes - was, was, becomes))
    totals = [Fraction(sum(pair[place][-1] for pair in sides.values()), scales[-1]) for place in (0, 1)]
    return split(totals[0], totals[1], parts, unit=unit)


def _is_chain(quantities: Chain) -> bool:
    """None below zero, and nothing comes of nothing: after a zero there are only zeros."""
    return min(quantities) >= 0 and all(not later or earlier for earlier, later in pairwise(quantities))


def _effects(then: Chain, now: Chain) -> list[Fraction]:
    """The contribution of every factor in one group."""
    was, becomes = then[-1], now[-1]
    if not was and not becomes:
        return [Fraction(0)] * len(then)
    if not was or not becomes:
        # The limit: the first quantity that is zero carries all, since of two that vanish together the ratio stays finite.
        carries = list(now if was else then).index(0)
        return [Fraction((becomes - was) * (place == carries)) for place in range(len(then))]
    with localcontext() as context:
        context.prec = DIGITS
        grew = [(Decimal(after) / before).ln() for before, after in zip(then, now, strict=True)]
        mean = Decimal(was) if was == becomes else (becomes - was) / grew[-1]
        return [Fraction(mean * (own - before)) for before, own in pairwise([Decimal(0), *grew])]


def _factors(chains: Sequence[Chain], common: int, scales: Sequence[int]) -> list[Fraction | None]:
    """The factors over all groups together; null where there is nothing to divide by."""
    sums = [column[0] if place < common else sum(column) for place, column in enumerate(zip(*chains, strict=True))]
    quantities = [Fraction(sum_, scale) for sum_, scale in zip(sums, scales, strict=True)]
    return [own / before if before else None for before, own in pairwise([Fraction(1), *quantities])]
