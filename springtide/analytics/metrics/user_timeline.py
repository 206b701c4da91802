"""What happened with one user, newest first: fills by day, and each deposit, reward, ticket, message and change as it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import text
from springtide.kernel.days import day_bounds
from springtide.kernel.money import usdt

BY_DAY = ("transfers", "reward_entries")
WHOLE = ("users", "tickets", "messages", "user_status_history", "restrictions")


@dataclass(frozen=True)
class Happening:
    """One thing that happened at `happened_at` (UTC). Of fills and liquidations of a day: how many `times`, and what they add up to."""

    happened_at: datetime
    kind: str
    what: str | None
    detail: str | None
    amount_usdt: Decimal | None
    times: int | None


@dataclass(frozen=True)
class UserTimeline(Answer):
    """The happenings of the days from `since` to `until`, newest first."""

    since: date
    until: date
    rows: tuple[Happening, ...]


def user_timeline(
    engine: Engine, snapshot: Snapshot, *, user_no: int, since: date, until: date, zone: ZoneInfo
) -> UserTimeline:
    """What happened with a user; tables that were never given tell nothing."""
    for table in BY_DAY:
        snapshot.attach(engine, table, fact_schema(table), since=since, until=until)
    for table in WHOLE:
        snapshot.attach(engine, table, fact_schema(table))
    snapshot.attach(engine, "user_days", USER_DAYS, since=since, until=until)
    told = engine.rows(
        text("user_timeline"),
        user_no=user_no,
        since=since,
        until=until,
        from_at=day_bounds(since, zone)[0].replace(tzinfo=None),
        to_at=day_bounds(until, zone)[1].replace(tzinfo=None),
    )
    rows = tuple(
        Happening(at, kind, what, detail, usdt(amount) if amount is not None else None, times)
        for at, kind, what, detail, amount, times in told.values
    )
    return UserTimeline(since, until, rows)
