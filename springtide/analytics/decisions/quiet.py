"""Quiet hours: when a message may go out, by the user's own zone, else all zones of the country, else the reporting zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final, Literal
from zoneinfo import ZoneInfo

from springtide.analytics.decisions.policy import QuietHours
from springtide.kernel.days import zone
from springtide.kernel.errors import BadInput

Basis = Literal["own", "country", "reporting"]
TRIES: Final = 100  # ends of quiet hours looked at before giving up: several days in several zones


@dataclass(frozen=True)
class Clocks:
    """By which clocks a user is left in peace, and why these."""

    zones: tuple[ZoneInfo, ...]
    basis: Basis


def clocks(timezone: str | None, country: str | None, reporting: ZoneInfo) -> Clocks:
    """A user's clocks. A zone that is none counts as not known."""
    if timezone:
        try:
            return Clocks((zone(timezone),), "own")
        except BadInput:
            pass
    if country and (names := _zones_by_country().get(country.upper())):
        return Clocks(tuple(ZoneInfo(name) for name in names), "country")
    return Clocks((reporting,), "reporting")


def release(quiet: QuietHours, found: Clocks, now: datetime, reporting: ZoneInfo) -> datetime:
    """The first instant from `now` on at which no clock of these shows quiet hours; `now` itself where none does.

    Where the zones of a country leave no such instant within days, the reporting zone decides.
    """
    moment = now
    for _ in range(TRIES):
        ends = [over for each in found.zones if (over := _over(quiet, each, moment)) is not None]
        if not ends:
            return moment
        moment = max(ends)
    return release(quiet, Clocks((reporting,), "reporting"), now, reporting)


def begins_on(found: Clocks, now: datetime, days: int) -> datetime:
    """When the last `days` days began, today among them, by the clock that is furthest back."""
    return min(_start(now.astimezone(each).date() - timedelta(days=days - 1), each) for each in found.zones)


def _over(quiet: QuietHours, local: ZoneInfo, moment: datetime) -> datetime | None:
    """When the quiet hours end in which `moment` lies; None where it lies in none."""
    here = moment.astimezone(local)
    clock, today = here.time(), here.date()
    if quiet.begins == quiet.ends:
        return None
    if quiet.begins < quiet.ends:
        ends_on = today if quiet.begins <= clock < quiet.ends else None
    elif clock >= quiet.begins:
        ends_on = today + timedelta(days=1)
    else:
        ends_on = today if clock < quiet.ends else None
    if ends_on is None:
        return None
    over = datetime.combine(ends_on, quiet.ends, tzinfo=local).astimezone(UTC)
    return over if over > moment else moment + timedelta(minutes=1)  # an hour that a clock shows twice


def _start(day: date, local: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=local).astimezone(UTC)


@cache
def _zones_by_country() -> dict[str, Sequence[str]]:
    """Country → its zones, as the zone database lists them."""
    listed = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in listed.splitlines():
        if line and not line.startswith("#"):
            country, _, name, *_ = line.split("\t")
            found.setdefault(country, []).append(name)
    return {country: tuple(names) for country, names in found.items()}
