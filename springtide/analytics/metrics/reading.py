"""What measures share: which day they speak of, whether what they need was given, and who is counted."""

from __future__ import annotations

from datetime import date, timedelta

from springtide.analytics.daybook.spec import missing_columns
from springtide.analytics.daybook.tables import PROFILES
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.kernel.days import Period, next_period, period_start
from springtide.kernel.errors import NothingYet, UnknownName, suggest

STRATIFICATIONS = (
    "lifecycle", "tenure", "activity", "frequency", "assets", "behaviour", "value", "incentive", "vip_distance",
)  # fmt: skip
STRATA: Schema = (
    Column("user_no", "integer", False),
    Column("is_counted", "boolean", False),
    *(Column(key, "varchar") for key in STRATIFICATIONS),
)
BY_WEEK = "the source counts by week, so days within it are not known"
DERIVED = "users are derived from their activity, so when they registered is not known"


def text(name: str) -> str:
    """The definition `name.sql` of this room."""
    return definition("springtide.analytics.metrics", name).text


def missing(snapshot: Snapshot, *columns: str) -> str | None:
    """Why one of these profile columns cannot be told from what was given; null when all can."""
    reasons = missing_columns(snapshot.manifest)
    return next((reasons[column] for column in columns if column in reasons), None)


def need(snapshot: Snapshot, *columns: str) -> None:
    """refuses    not_available    a profile column cannot be told from what was given"""
    if reason := missing(snapshot, *columns):
        raise NothingYet(f"This is not available: {reason}.", "Import what is missing, then close.", code="not_available")


def is_weekly(snapshot: Snapshot) -> bool:
    """A source counts by week: its rows lie on the first day of the week."""
    return "week" in snapshot.manifest.notes.get("grains", ())


def need_days(snapshot: Snapshot) -> None:
    """refuses    not_available    a source counts by week"""
    if is_weekly(snapshot):
        raise NothingYet(f"This is not available: {BY_WEEK}.", "Ask by week or by month.", code="not_available")


def are_users_derived(engine: Engine, snapshot: Snapshot) -> bool:
    """No user was given: all are made from their facts, registered when first seen."""
    snapshot.attach(engine, "users", fact_schema("users"))
    users, registered = engine.rows(
        "select count(*) as users, count(case when not is_derived then 1 end) as told from users"
    ).values[0]
    return bool(users and not registered)


def first_closed(snapshot: Snapshot) -> date:
    """The first closed day: before it nothing is known, which is not the same as nothing having happened.

    refuses    nothing_closed    no day was closed yet
    """
    snapshot.require_closed()
    return min(date.fromisoformat(day) for day in snapshot.manifest.closed)


def kept_day(snapshot: Snapshot, wanted: date | None = None) -> date:
    """The day of the published profiles and strata to read: `wanted`, or the latest.

    refuses    nothing_closed   no day was closed yet
               not_kept         that day's snapshot is not kept
    """
    latest = snapshot.require_closed()
    kept = snapshot.days("strata") or [latest]
    day = wanted or latest
    if day not in kept:
        near = min(kept, key=lambda one: abs((one - day).days))
        raise NothingYet(
            f"There is no snapshot of {day}.",
            f"Snapshots are kept for 35 days and at month ends; the nearest is {near}.",
            code="not_kept",
        )
    return day


def attach_profiles(engine: Engine, snapshot: Snapshot, day: date | None = None) -> None:
    """`profiles` of `day`, by default the latest: they say who is counted."""
    day = day or snapshot.require_closed()
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)


def attach_strata(engine: Engine, snapshot: Snapshot, day: date) -> None:
    """`strata` of `day`."""
    snapshot.attach(engine, "strata", STRATA, since=day, until=day)


def known_stratification(key: str) -> str:
    """refuses    unknown_stratification    there is no such stratification"""
    if key not in STRATIFICATIONS:
        raise UnknownName(f"There is no stratification '{key}'.", suggest(key, STRATIFICATIONS), code="unknown_stratification")
    return key


def unavailable_strata(snapshot: Snapshot, day: date) -> dict[str, str]:
    """Stratification → why it was not available on a closed day."""
    reasons: dict[str, str] = snapshot.manifest.closed.get(str(day), {}).get("unavailable", {})
    return reasons


def before(start: date, period: Period, periods: int = 1) -> date:
    """The first day of the period `periods` before the one that begins on `start`."""
    for _ in range(periods):
        start = period_start(start - timedelta(days=1), period)
    return start


def last_of(start: date, period: Period) -> date:
    """The last day of the period that begins on `start`."""
    return next_period(start, period) - timedelta(days=1)
