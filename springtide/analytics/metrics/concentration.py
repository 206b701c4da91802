"""Concentration: how much of the assets, the volume and the net revenue hangs on few users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import attach_profiles, kept_day, missing, text
from springtide.kernel.errors import BadInput
from springtide.kernel.money import usdt

MEASURES = {"assets": "equity_usdt", "volume": "volume_30d_usdt", "revenue": "net_revenue_90d_usdt"}
TOP_PERCENT = 1
TOP_USERS = 10


@dataclass(frozen=True)
class ConcentrationRow:
    """One measure over the users with a positive value. Ratios are null where there is no such user, or where `reason` says why.

    top_percent_ratio    share of the top percent of users (at least one user)
    top_users_ratio      share of the largest few users
    gini                 2 Σ i·xᵢ ÷ (n Σ xᵢ) − (n + 1) ÷ n with x in rising order, i from 1: 0 all alike, towards 1 all with one user
    hhi                  Σ (xᵢ ÷ Σ x)²: 1 ÷ n all alike, 1 all with one user
    """

    measure: str
    users: int
    total_usdt: Decimal | None
    top_percent_users: int
    top_percent_ratio: float | None
    top_users_ratio: float | None
    gini: float | None
    hhi: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Concentration(Answer):
    """Assets at day end, volume of 30 days and net revenue of 90 days."""

    as_of: date
    top_percent: int
    top_users: int
    rows: tuple[ConcentrationRow, ...]


def concentration(
    engine: Engine, snapshot: Snapshot, *, as_of: date | None = None, top_percent: int = TOP_PERCENT, top_users: int = TOP_USERS
) -> Concentration:
    """Concentration among counted users as of a kept day. The sums behind every ratio are exact whole numbers.

    refuses    bad_share    `top_percent` not from 1 to 100, or `top_users` under 1
               nothing_closed, not_kept
    """
    if not 1 <= top_percent <= 100 or top_users < 1:
        raise BadInput(
            f"The top {top_percent} % and the top {top_users} users cannot both be told.",
            "Give a percentage from 1 to 100 and at least one user.",
            code="bad_share",
        )
    day = kept_day(snapshot, as_of)
    attach_profiles(engine, snapshot, day)
    found = engine.rows(text("concentration"), top_percent=top_percent, top_users=top_users).dicts()
    sums = {row["measure"]: row for row in found}
    rows = tuple(_row(measure, sums.get(measure), missing(snapshot, column)) for measure, column in MEASURES.items())
    return Concentration(day, top_percent, top_users, rows)


def _row(measure: str, sums: dict[str, Any] | None, reason: str | None) -> ConcentrationRow:
    if reason or sums is None:
        return ConcentrationRow(measure, 0, None if reason else usdt(0), 0, None, None, None, None, reason)
    users, total = sums["users"], sums["total_usdt"]
    gini = Fraction(2 * int(sums["place_times_value"]), users * total) - Fraction(users + 1, users)
    return ConcentrationRow(
        measure,
        users,
        usdt(total),
        sums["top_percent_users"],
        top_percent_ratio=sums["top_percent_usdt"] / total,
        top_users_ratio=sums["top_users_usdt"] / total,
        gini=float(gini),
        hhi=float(Fraction(int(sums["value_squared"]), total * total)),
    )
