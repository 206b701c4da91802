"""The schedules of a home: the daily close from the start, and who may turn one on, off, or to another hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import transaction

from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.jobs import actions, reads
from springtide.operations.jobs.models import Schedule
from springtide.operations.jobs.schedules import look, plan_schedule, switch_schedule
from springtide.operations.members import states
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member

LOOK_EVERY: Final = 5.0  # seconds between two looks at the schedules
DAILY_CLOSE: Final = "daily close"
AT_HALF_PAST_MIDNIGHT: Final = "30 0 * * *"  # of the reporting zone: the day is over, and its last facts have had time to come


def begin(home: Home, *, now: datetime) -> None:
    """Make the schedules that every home has, where there are none of their name: what a member changed stays."""
    if not Schedule.objects.filter(key=DAILY_CLOSE).exists():
        plan_schedule(DAILY_CLOSE, kind="close", cron=AT_HALF_PAST_MIDNIGHT, zone=home.settings.reporting_zone, now=now)


def looking() -> Callable[[], None]:
    """What a worker does between two jobs: ask for the work of the slots that have come, not more often than every five seconds."""
    last = [-LOOK_EVERY]

    def between() -> None:
        if time.monotonic() - last[0] >= LOOK_EVERY:
            last[0] = time.monotonic()
            look(now=clock.now())

    return between


@transaction.atomic
def turn_schedule(acting: Member, key: str, *, is_on: bool, now: datetime) -> None:
    """Turn a schedule on or off.

    writes     the schedule, one audit row
    refuses    not_allowed, unknown_schedule, move_not_open
    """
    _may_change(acting)
    switch_schedule(key, is_on=is_on, now=now)
    was, becomes = ("off", "on") if is_on else ("on", "off")
    audit("turn_schedule", subject=f"schedule {key}", acting=acting, now=now, was=was, becomes=becomes)


@transaction.atomic
def move_schedule(acting: Member, key: str, *, cron: str, now: datetime) -> None:
    """Give a schedule another hour; its slots count from now on.

    writes     the schedule, one audit row
    refuses    not_allowed, unknown_schedule, bad_cron
    """
    _may_change(acting)
    there = Schedule.objects.filter(key=key).first()
    if there is None:
        raise UnknownName(f"There is no schedule '{key}'.", "Reload and look again.", code="unknown_schedule")
    was = there.cron
    if plan_schedule(key, kind=there.kind, cron=cron, zone=there.zone, payload=there.payload, is_on=there.is_on, now=now):
        audit("move_schedule", subject=f"schedule {key}", acting=acting, now=now, was=was[:64], becomes=cron[:64])


@transaction.atomic
def try_again(acting: Member, job_id: int, *, now: datetime) -> None:
    """Give work that was given up its tries back.

    writes     the job, one audit row
    refuses    not_allowed
               unknown_job      there is none of this number
               move_not_open    it was not given up, or the same work is open again
    """
    _may_change(acting)
    job = reads.job(job_id)
    actions.revive(job_id, now=now)
    details = {"kind": job.kind, "error": job.error.get("code", "")}
    audit("try_again", subject=f"job {job_id}", acting=acting, now=now, was="dead", becomes="ready", details=details)


def _may_change(acting: Member) -> None:
    if not acting.may(states.EDIT_SCHEDULES):
        raise Refused("You may not change schedules.", "Ask a manager or an admin.", code="not_allowed")
