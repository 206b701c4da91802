"""Intervals of what is counted and of what is summed, for figures that are ranked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist

from springtide.kernel.money import usdt

Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Share:
    """A share of users with its 95 % interval; null where there is nobody to take it of."""

    value: float | None
    low: float | None
    high: float | None
    users: int
    of: int


@dataclass(frozen=True)
class Mean:
    """Money per user with its 95 % interval, in USDT; the bounds are null where they are not known."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None


def wilson(users: int, of: int) -> Share:
    """The share with Wilson's interval, which stays inside 0 and 1 and holds for few users too.

    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    if not of:
        return Share(None, None, None, users, of)
    share, z = users / of, Z_95
    centre = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return Share(share, max(0.0, centre - half), min(1.0, centre + half), users, of)


def mean_of_sums(total: int, squared: int, users: int) -> Mean:
    """The mean of `users` amounts in 1e-6 USDT from their sum and their sum of squares, with a normal interval.

    Of heavy tails the bounds are too narrow; the ranking asks for 200 users for that reason.
    """
    mean = total / users
    variance = max(0, users * squared - total * total) / (users * (users - 1)) if users > 1 else None
    half = None if variance is None else Z_95 * math.sqrt(variance / users)
    low, high = (None, None) if half is None else (usdt(round(mean - half)), usdt(round(mean + half)))
    return Mean(usdt(round(mean)), low, high)
