"""The plain reading of an event log: loops over dictionaries, nothing shared with the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MICRO = 1_000_000
UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 30 * 86_400}


@dataclass(frozen=True)
class Event:
    at: int  # microseconds since 1970, UTC
    name: str
    properties: dict[str, Any]
    order: int  # its place among all events that came in


def streams(
    events: Sequence[Sequence[Any]],
    *,
    aliases: dict[str, str] | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    tz: str = "UTC",
) -> dict[str, list[Event]]:
    """Each user's events by time, those of one instant in the order they came in; outside the dates nothing."""
    first = _instant(date_from, tz, is_end=False) if date_from else None
    last = _instant(date_to, tz, is_end=True) if date_to else None
    found: dict[str, list[Event]] = {}
    for order, (user, name, text, *rest) in enumerate(events):
        at = micros(datetime.fromisoformat(text))
        if (first is None or at >= first) and (last is None or at <= last):
            person = (aliases or {}).get(user, user)
            found.setdefault(person, []).append(Event(at, name, rest[0] if rest else {}, order))
    return {user: sorted(found[user], key=lambda event: (event.at, event.order)) for user in sorted(found)}


def micros(moment: datetime) -> int:
    """Microseconds since 1970; without an offset it is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _instant(text: str, tz: str, *, is_end: bool) -> int:
    if len(text) > 10:
        moment = datetime.fromisoformat(text)
        return micros(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(tz)))
    day = date.fromisoformat(text)
    if is_end:
        return micros(datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(tz))) - 1
    return micros(datetime.combine(day, time(), tzinfo=ZoneInfo(tz)))


def length(window: dict[str, Any] | None) -> float:
    """The microseconds of a window; without one it never closes."""
    return window["value"] * UNIT_SECONDS[window["unit"]] * MICRO if window else float("inf")


def matches(matcher: dict[str, Any] | None, event: Event) -> bool:
    """The event has the name and meets every condition."""
    wanted = (matcher or {}).get("event")
    names = [wanted] if isinstance(wanted, str) else wanted
    return (names is None or event.name in names) and all(
        _meets(condition, event.properties.get(condition["prop"])) for condition in (matcher or {}).get("where", [])
    )


def _meets(condition: dict[str, Any], seen: Any) -> bool:
    match condition.get("op", "eq"):
        case "eq":
            return bool(seen == condition["value"])
        case "neq":
            return bool(seen != condition["value"])
        case "in":
            return seen in condition["value"]
        case "is_set":
            return seen is not None
        case "contains":
            return seen is not None and condition["value"] in seen
    raise AssertionError(condition)
