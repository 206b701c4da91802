"""When somebody who comes to a step of a journey acts there: at once, after so many hours, at an hour of their day, or at an event."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from springtide.analytics.decisions.quiet import clocks
from springtide.operations.campaigns.definition import Step


def arrival(
    step: Step, now: datetime, *, reporting: ZoneInfo, timezone: str | None = None, country: str | None = None
) -> tuple[datetime, str]:
    """When they act, and the event that may wake them before."""
    if step.do == "wait":
        return now + timedelta(hours=step.hours), ""
    if step.do == "wait_until" and step.event:
        return now + timedelta(hours=step.hours), step.event
    if step.do == "wait_until":
        return _next_hour(step.until, now, clocks(timezone, country, reporting).zones[0]), ""
    return now, ""


def _next_hour(hour: str, now: datetime, local: ZoneInfo) -> datetime:
    """The next time it is this hour; where a user has several zones, in the first of them."""
    here = now.astimezone(local)
    at = datetime.combine(here.date(), time.fromisoformat(hour), tzinfo=local)
    return (at if at > here else at + timedelta(days=1)).astimezone(UTC)
