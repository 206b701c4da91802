"""The map of one stratification against another, lifecycle against value by default: where the users are, and where the money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import (
    attach_profiles,
    attach_strata,
    kept_day,
    known_stratification,
    missing,
    text,
    unavailable_strata,
)
from springtide.kernel.errors import NothingYet
from springtide.kernel.money import usdt


@dataclass(frozen=True)
class MapCell:
    """The users of one stratum of each; what they hold, and the net revenue they brought in 90 days (null: not known)."""

    down_stratum: str
    across_stratum: str
    users: int
    equity_usdt: Decimal | None
    net_revenue_90d_usdt: Decimal | None


@dataclass(frozen=True)
class LifecycleValueMap(Answer):
    """The cells with at least one user. `reasons`: sum → why it is not known."""

    as_of: date
    down: str
    across: str
    rows: tuple[MapCell, ...]
    reasons: dict[str, str]


def lifecycle_value_map(
    engine: Engine, snapshot: Snapshot, *, down: str = "lifecycle", across: str = "value", as_of: date | None = None
) -> LifecycleValueMap:
    """Counted users by the strata of `down` and of `across` as of a kept day.

    refuses    unknown_stratification    there is no such stratification
               not_available             one of them was not available on the day
               nothing_closed, not_kept
    """
    known_stratification(down)
    known_stratification(across)
    day = kept_day(snapshot, as_of)
    unavailable = unavailable_strata(snapshot, day)
    for key in (down, across):
        if key in unavailable:
            raise NothingYet(
                f"'{key}' is not available: {unavailable[key]}.", "Choose another stratification.", code="not_available"
            )
    attach_profiles(engine, snapshot, day)
    attach_strata(engine, snapshot, day)
    reasons = {name: why for name in ("equity_usdt", "net_revenue_90d_usdt") if (why := missing(snapshot, name))}
    cells = []
    for down_stratum, across_stratum, users, *sums in engine.rows(text("lifecycle_value_map"), down=down, across=across).values:
        equity, revenue = (
            None if name in reasons else usdt(value)
            for name, value in zip(("equity_usdt", "net_revenue_90d_usdt"), sums, strict=True)
        )
        cells.append(MapCell(down_stratum, across_stratum, users, equity, revenue))
    return LifecycleValueMap(day, down, across, tuple(cells), reasons)
