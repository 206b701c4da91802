"""Schedules: each slot asks once, missed ones are seen, and a page can tell how well each is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from springtide.kernel.errors import BadInput, Refused, UnknownName
from springtide.operations.jobs.actions import fail, finish, lease
from springtide.operations.jobs.models import Job, Slot
from springtide.operations.jobs.schedules import look, plan_schedule, schedules, slots_after, switch_schedule
from tests.operations.conftest import NOON
from tests.operations.jobs.test_two_at_once import at_once

HOUR = timedelta(hours=1)


def plan(cron="0 13 * * *", zone="UTC", **more):
    return plan_schedule("daily", **{"kind": "close", "cron": cron, "zone": zone, "now": NOON, **more})


def health(at):
    [seen] = schedules(now=at)
    return seen.health


def work(at, *, well=True):
    held = lease("worker", ("close",), now=at)
    assert held is not None
    if well:
        finish(held, {}, now=at)
    else:
        fail(held, {"code": "x", "message": "x", "hint": "x"}, now=at, again=False)


def test_a_slot_that_has_come_asks_for_its_work_once(db):
    plan()
    assert look(now=NOON + HOUR - timedelta(seconds=1)) == []
    [job] = look(now=NOON + HOUR)
    assert look(now=NOON + HOUR) == []
    kept = Job.objects.get()
    assert (kept.pk, kept.kind, kept.payload) == (job, "close", {"slot": "2026-03-31T13:00:00+00:00"})


def test_a_slot_of_tomorrow_is_another_job_even_while_todays_is_open(db):
    plan()
    assert len({*look(now=NOON + HOUR), *look(now=NOON + 25 * HOUR)}) == 2


def test_what_passed_while_nobody_looked_is_asked_for_once_and_seen_as_missed(db):
    plan()
    [job] = look(now=NOON + 73 * HOUR + timedelta(minutes=1))
    assert Job.objects.get().payload["slot"] == "2026-04-03T13:00:00+00:00"
    [seen] = schedules(now=NOON + 74 * HOUR)
    assert [str(slot.date()) for slot in seen.missed] == ["2026-04-02", "2026-04-01", "2026-03-31"]
    assert Slot.objects.filter(job=job).count() == 1


def test_a_clock_that_goes_back_asks_for_nothing_again(db):
    plan()
    look(now=NOON + HOUR)
    assert look(now=NOON) == []
    assert look(now=NOON + HOUR) == []
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("cron", "zone", "after", "slots"),
    [
        ("30 0 * * *", "Asia/Shanghai", "2026-03-31T12:00", ["2026-03-31T16:30", "2026-04-01T16:30"]),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T01:00", "2026-03-30T00:30"],
        ),  # 02:30 is no hour that day
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),  # 02:30 comes twice
        ("0 8 * * 1", "UTC", "2026-03-31T12:00", ["2026-04-06T08:00", "2026-04-13T08:00"]),
        ("0 0 31 * *", "UTC", "2026-03-31T12:00", ["2026-05-31T00:00", "2026-07-31T00:00"]),
    ],
)
def test_slots_are_hours_of_the_zone_and_come_once_when_clocks_change(cron, zone, after, slots):
    coming = slots_after(cron, zone, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert [f"{next(coming):%Y-%m-%dT%H:%M}" for _ in slots] == slots


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"cron": "61 * * * *"}, "bad_cron"), ({"cron": "soon"}, "bad_cron"), ({"zone": "Mars/Olympus"}, "unknown_zone")],
)
def test_what_cannot_be_planned_says_why(db, changed, code):
    with pytest.raises(BadInput) as refused:
        plan(**changed)
    assert refused.value.code == code
    assert schedules(now=NOON) == ()


def test_planned_twice_it_is_one_and_moved_it_counts_from_now(db):
    assert plan()
    assert not plan()
    assert plan("0 11 * * *")
    assert look(now=NOON + HOUR) == []
    assert len(look(now=NOON + 23 * HOUR)) == 1


def test_while_it_is_off_nothing_is_asked_for_and_nothing_missed(db):
    plan()
    switch_schedule("daily", is_on=False, now=NOON)
    assert look(now=NOON + 72 * HOUR) == []
    switch_schedule("daily", is_on=True, now=NOON + 72 * HOUR)
    look(now=NOON + 73 * HOUR)
    assert schedules(now=NOON + 73 * HOUR)[0].missed == ()


def test_a_schedule_that_nobody_has_is_not_switched_nor_one_twice(db):
    plan()
    with pytest.raises(UnknownName) as unknown:
        switch_schedule("dayly", is_on=False, now=NOON)
    assert unknown.value.hint == "Did you mean 'daily'?"
    with pytest.raises(Refused) as refused:
        switch_schedule("daily", is_on=True, now=NOON)
    assert refused.value.code == "move_not_open"


def test_its_health_is_told_through_a_bad_day_and_the_next(db):
    plan()
    assert health(NOON) == "waiting"
    assert health(NOON + HOUR + timedelta(minutes=6)) == "late"
    look(now=NOON + HOUR + timedelta(minutes=7))
    assert health(NOON + HOUR + timedelta(minutes=7)) == "running"
    work(NOON + 2 * HOUR)
    assert health(NOON + 2 * HOUR) == "well"
    look(now=NOON + 25 * HOUR)
    work(NOON + 25 * HOUR, well=False)
    assert health(NOON + 25 * HOUR) == "failed"
    look(now=NOON + 73 * HOUR)
    work(NOON + 73 * HOUR)
    assert health(NOON + 73 * HOUR) == "missed"
    look(now=NOON + 97 * HOUR)
    work(NOON + 97 * HOUR)
    assert health(NOON + 97 * HOUR) == "well"
    switch_schedule("daily", is_on=False, now=NOON + 98 * HOUR)
    assert health(NOON + 98 * HOUR) == "off"


def test_eight_workers_that_look_at_once_ask_once(database_for_two):
    plan("* * * * *")
    for minute in range(1, 6):
        at_once(lambda n, at=NOON + timedelta(minutes=minute): look(now=at), 8)
    connection.close()
    assert Job.objects.count() == Slot.objects.count() == 5
    assert not Slot.objects.filter(job=None).exists()
