"""What a chart is drawn of: the days of one metric, of all users or of one group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["share", "level", "total", "stock"]


@dataclass(frozen=True)
class Point:
    """One closed day whose time has passed. A total has no denominator."""

    day: date
    numerator: float
    denominator: float | None = None

    @property
    def value(self) -> float | None:
        """The figure of the day; null where nobody was there to take it over."""
        if self.denominator is None:
            return self.numerator
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True)
class Series:
    """A metric by day, oldest first.

    kind      share   counted people of counted people, others every day: first depositors who traded within 24 hours
              level   a ratio or mean that has no reason to grow with the exchange: the take rate
              total   what happens on a day and grows with the exchange: traders, volume, the share of newcomers who came by a channel
              stock   what is there at the end of a day and mostly was there the day before: assets, the users of a stratum
    group     the stratum, channel or country it is of, as `lifecycle=vip`; null: all users
    family    the series that are looked at together: so many at once that some stray by chance
    """

    metric: str
    kind: Kind
    points: tuple[Point, ...]
    group: str | None = None
    family: str = "all"

    @property
    def key(self) -> tuple[str, str | None]:
        return self.metric, self.group
