"""An arm as a handful of sums: everything the closed forms need, added up by the engine in one pass.

y is the outcome of a person (capped where the rule says so), x a covariate known before assignment, d the denominator of a ratio,
r the reward actually paid. Sums may be combined: the arm of a campaign is the sum of its strata's arms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

_PRODUCTS = {
    frozenset(pair): name
    for name, pair in {"yy": "y", "xx": "x", "dd": "d", "rr": "r", "xy": "xy", "yd": "yd", "yr": "yr"}.items()
}


@dataclass(frozen=True)
class Arm:
    """The sums of one arm over everybody assigned to it, reached or not."""

    n: int
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    d: float = 0.0
    dd: float = 0.0
    yd: float = 0.0
    r: float = 0.0
    rr: float = 0.0
    yr: float = 0.0
    yyy: float = 0.0
    xyy: float = 0.0
    xxy: float = 0.0
    xxx: float = 0.0

    @classmethod
    def of(cls, y: ArrayLike, *, x: ArrayLike | None = None, d: ArrayLike | None = None, r: ArrayLike | None = None) -> Arm:
        """The sums of persons given one by one; all arrays have one value a person.

        Products are added pairwise and not by BLAS, whose threads wait for each other on a busy machine: 8 ms became 0.1 at 50,000.
        """
        ys = np.asarray(y, dtype=np.float64)
        squares = ys * ys
        sums = {"y": float(ys.sum()), "yy": float(squares.sum()), "yyy": float((squares * ys).sum())}
        if x is not None:
            xs = np.asarray(x, dtype=np.float64)
            sums |= {"xyy": float((squares * xs).sum()), "xxy": float((xs * xs * ys).sum()), "xxx": float((xs * xs * xs).sum())}
        for name, given in (("x", x), ("d", d), ("r", r)):
            if given is not None:
                values = np.asarray(given, dtype=np.float64)
                sums |= {name: float(values.sum()), name * 2: float((values * values).sum())}
                sums["xy" if name == "x" else f"y{name}"] = float((ys * values).sum())
        return cls(len(ys), **sums)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Arm:
        """The sums as a query names them; a null sum is 0, as that of nobody."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value or 0 for name, value in row.items() if name in known})

    def __add__(self, other: Arm) -> Arm:
        return Arm(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def mean(self, name: str = "y") -> float:
        return float(getattr(self, name)) / self.n

    def cov(self, one: str, other: str) -> float:
        """The sample covariance (n − 1) of two of y, x, d, r; of one with itself its variance."""
        product = (
            one * 2 if one == other else {"yx": "xy", "xy": "xy"}.get(one + other, "".join(sorted(one + other, reverse=True)))
        )
        of_products, ones, others = (float(getattr(self, name)) for name in (product, one, other))
        return (of_products - ones * others / self.n) / (self.n - 1)

    def var(self, name: str = "y") -> float:
        return max(0.0, self.cov(name, name))

    def third(self, theta: float = 0.0) -> float:
        """The third central moment of y − θx; 0 where the sums of cubes were not given."""
        if not self.yyy:
            return 0.0
        mean = (self.y - theta * self.x) / self.n
        squares = (self.yy - 2 * theta * self.xy + theta**2 * self.xx) / self.n
        cubes = (self.yyy - 3 * theta * self.xyy + 3 * theta**2 * self.xxy - theta**3 * self.xxx) / self.n
        return cubes - 3 * mean * squares + 2 * mean**3


def total(arms: Iterable[Arm]) -> Arm:
    """All persons of several arms together."""
    added = Arm(0)
    for arm in arms:
        added = added + arm
    return added
