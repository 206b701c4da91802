"""The movements that matter: of all moves between strata in a week, the few that most money moved with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.moves_between import MoveRow, moves_between
from springtide.analytics.metrics.reading import first_closed

OVER_DAYS = 7
SHOWN = 3
# Tenure is left out: everybody grows older, and no one can do anything about it. Value and assets are what the others are weighed with.
WATCHED = ("lifecycle", "activity", "frequency", "assets", "behaviour", "value", "incentive", "vip_distance")

Worth = Callable[[MoveRow], Decimal | None]


@dataclass(frozen=True)
class Movement:
    """Users who went from one stratum to another, or by whom a stratum grew (`from_stratum` null) or shrank (`to_stratum` null) in all.

    `value_usdt`: what they brought in 90 days, or hold where revenue is not known; null where neither is.
    """

    kind: Literal["move", "size"]
    stratification: str
    from_stratum: str | None
    to_stratum: str | None
    users: int
    value_usdt: Decimal | None


@dataclass(frozen=True)
class Movements(Answer):
    """The largest movements on the days from `since` to `until`, by users × what a user is worth."""

    since: date
    until: date
    measured_by: Literal["net_revenue_90d_usdt", "equity_usdt", "users"]
    rows: tuple[Movement, ...]


def movements(engine: Engine, snapshot: Snapshot, *, days: int = OVER_DAYS, shown: int = SHOWN) -> Movements:
    """The `shown` largest movements of the last `days` closed days, at most one of each stratification, largest first.

    Newcomers count to the size of a stratum, and are no movement of their own. Their weight is the sum over users of the 90-day net
    revenue (of what they hold, where revenue is not known; of heads, where neither is), by its absolute amount.

    refuses    nothing_closed    no day was closed yet
    """
    until = snapshot.require_closed()
    # On the first closed day everybody is new everywhere, which is no news.
    since = max(until - timedelta(days=days - 1), first_closed(snapshot) + timedelta(days=1))
    if since > until:
        return Movements(until, until, "users", ())
    moved = moves_between(engine, snapshot, since=since, until=until).rows
    measured_by: Literal["net_revenue_90d_usdt", "equity_usdt", "users"] = "users"
    if moved and moved[0].net_revenue_90d_usdt is not None:
        measured_by = "net_revenue_90d_usdt"
    elif moved and moved[0].equity_usdt is not None:
        measured_by = "equity_usdt"

    def worth(row: MoveRow) -> Decimal | None:
        return row.net_revenue_90d_usdt if measured_by == "net_revenue_90d_usdt" else row.equity_usdt

    best: dict[str, Movement] = {}
    for each in sorted([*_moves(moved, worth), *_sizes(moved, worth)], key=_weight, reverse=True):
        if each.stratification in WATCHED and each.users:
            best.setdefault(each.stratification, each)
    return Movements(since, until, measured_by, tuple(best.values())[:shown])


def _weight(movement: Movement) -> tuple[Decimal, int, bool, str, str]:
    """By money, then heads; a move before a size, since it says more; names last, so that equals always stand in one order."""
    money = abs(movement.value_usdt) if movement.value_usdt is not None else Decimal(0)
    names = movement.stratification, f"{movement.from_stratum} {movement.to_stratum}"
    return money, movement.users, movement.kind == "move", *names


def _moves(moved: Sequence[MoveRow], worth: Worth) -> Iterable[Movement]:
    return (
        Movement("move", row.stratification, row.from_stratum, row.to_stratum, row.users, worth(row))
        for row in moved
        if row.from_stratum is not None
    )


def _sizes(moved: Sequence[MoveRow], worth: Worth) -> Iterable[Movement]:
    """By how much every stratum grew or shrank: who came less who went, with what they are worth."""
    users: defaultdict[tuple[str, str], int] = defaultdict(int)
    money: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    is_known = bool(moved) and worth(moved[0]) is not None
    for row in moved:
        for stratum, sign in ((row.to_stratum, 1), (row.from_stratum, -1)):
            if stratum is not None:
                users[row.stratification, stratum] += sign * row.users
                money[row.stratification, stratum] += sign * (worth(row) or 0)
    for (key, stratum), net in users.items():
        value = money[key, stratum] * (1 if net > 0 else -1) if is_known else None
        yield Movement("size", key, None if net > 0 else stratum, stratum if net > 0 else None, abs(net), value)
