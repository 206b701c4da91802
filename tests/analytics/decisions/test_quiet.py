"""Quiet hours by the clocks that a user lives by, over midnight and where a clock is put forward or back."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.decisions.policy import QuietHours
from springtide.analytics.decisions.quiet import begins_on, clocks, release

NIGHT = QuietHours(time(22), time(8))
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "released"),
    [
        ("UTC", "2026-03-31T21:59", "2026-03-31T21:59"),
        ("UTC", "2026-03-31T22:00", "2026-04-01T08:00"),
        ("UTC", "2026-03-31T07:59", "2026-03-31T08:00"),
        ("UTC", "2026-03-31T08:00", "2026-03-31T08:00"),
        ("Asia/Tokyo", "2026-03-31T13:00", "2026-03-31T23:00"),
        ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29T06:00"),  # put forward that night: 08:00 is 06:00 UTC
        ("Europe/Berlin", "2026-10-24T23:00", "2026-10-25T07:00"),  # put back
        ("America/New_York", "2026-11-01T05:30", "2026-11-01T13:00"),  # the hour from one to two comes twice
    ],
)
def test_a_message_waits_until_the_night_is_over(zone, now, released):
    assert release(NIGHT, clocks(zone, None, SHANGHAI), at(now), SHANGHAI) == at(released)


def test_hours_by_day_and_none_at_all():
    siesta = QuietHours(time(12), time(15))
    utc = clocks("UTC", None, SHANGHAI)
    assert release(siesta, utc, at("2026-03-31T12:30"), SHANGHAI) == at("2026-03-31T15:00")
    assert release(QuietHours(time(0), time(0)), utc, at("2026-03-31T03:00"), SHANGHAI) == at("2026-03-31T03:00")


def test_without_a_zone_all_zones_of_the_country_must_allow_it():
    found = clocks(None, "us", SHANGHAI)
    assert found.basis == "country"
    assert len(found.zones) > 10
    # 15:00 in New York is 09:00 in Honolulu; an hour earlier it is 08:00 there, and two hours earlier still night.
    assert release(NIGHT, found, at("2026-03-31T16:00"), SHANGHAI) == at("2026-03-31T18:00")
    assert release(NIGHT, found, at("2026-03-31T18:00"), SHANGHAI) == at("2026-03-31T18:00")


@pytest.mark.parametrize(("timezone", "country", "basis"), [
    ("Europe/Berlin", "US", "own"), ("Mars/Phobos", "DE", "country"), (None, "XX", "reporting"), ("", "", "reporting"),
])  # fmt: skip
def test_whose_clock_decides(timezone, country, basis):
    assert clocks(timezone, country, SHANGHAI).basis == basis


def test_where_the_zones_of_a_country_never_agree_the_reporting_zone_decides():
    always = QuietHours(time(8), time(7, 59))
    world = clocks(None, "RU", SHANGHAI)
    assert release(always, world, at("2026-03-31T12:00"), SHANGHAI) == at("2026-03-31T23:59")


def test_the_days_of_a_cap_begin_where_it_is_midnight_last():
    assert begins_on(clocks("Asia/Tokyo", None, SHANGHAI), at("2026-03-31T12:00"), 1) == at("2026-03-30T15:00")
    assert begins_on(clocks("UTC", None, SHANGHAI), at("2026-03-31T12:00"), 7) == at("2026-03-25T00:00")
