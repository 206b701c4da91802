"""Schedules: cron lines that ask for work, once per slot, however many workers look. Every write of schedules stands here.

A slot that passed while nobody looked is not made up for: the newest is asked for late, the others are kept as missed, and the page of
schedules shows both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from cronsim import CronSim, CronSimError
from django.db import transaction

from springtide.kernel import days
from springtide.kernel.errors import BadInput, Refused, UnknownName, suggest
from springtide.operations.jobs import states
from springtide.operations.jobs.actions import enqueue
from springtide.operations.jobs.models import Schedule, Slot

MOST_SLOTS: Final = 1_000  # looked at in one go, after a long standstill
MISSED_FOR: Final = timedelta(days=30)  # how long a missed slot is shown


@dataclass(frozen=True)
class ScheduleSeen:
    """A schedule as a screen shows it. `health`: well, running, waiting, late, failed, missed or off; `missed`: slots in 30 days."""

    key: str
    kind: str
    cron: str
    zone: str
    is_on: bool
    health: str
    next_at: datetime | None
    last_at: datetime | None
    last_job: int | None
    last_state: str
    last_error: Mapping[str, str]
    missed: tuple[datetime, ...]


def slots_after(cron: str, zone: str, moment: datetime) -> Iterator[datetime]:
    """The moments, in UTC, that a cron line names in a zone, after a moment. An hour that comes twice in autumn has its slot once.

    refuses    bad_cron, unknown_zone
    """
    reporting = days.zone(zone)
    try:
        named = CronSim(cron, moment.astimezone(reporting))
    except CronSimError as bad:
        raise BadInput(
            f"'{cron}' is no cron line: {bad}.",
            "Five fields: minute, hour, day of month, month, day of week; such as '30 0 * * *'.",
            code="bad_cron",
        ) from bad
    return (each.astimezone(UTC) for each in named)


@transaction.atomic
def plan_schedule(
    key: str, *, kind: str, cron: str, zone: str, now: datetime, payload: Mapping[str, Any] | None = None, is_on: bool = True
) -> bool:
    """Make a schedule, or change one; its slots count from now on. True when that changed anything.

    writes     one schedule at most
    refuses    bad_cron, unknown_zone
    """
    next(slots_after(cron, zone, now), None)
    wanted = {"kind": kind, "payload": dict(payload or {}), "cron": cron, "zone": zone, "is_on": is_on}
    there = Schedule.objects.select_for_update().filter(key=key).first()
    if there is not None and all(getattr(there, name) == value for name, value in wanted.items()):
        return False
    Schedule.objects.update_or_create(key=key, defaults={**wanted, "seen_through": now})
    return True


@transaction.atomic
def switch_schedule(key: str, *, is_on: bool, now: datetime) -> None:
    """Turn a schedule on or off. What passed while it was off was not missed.

    refuses    unknown_schedule
               move_not_open      it is that already
    """
    if not Schedule.objects.filter(key=key, is_on=not is_on).update(is_on=is_on, seen_through=now):
        keys = Schedule.objects.values_list("key", flat=True)
        if key not in keys:
            raise UnknownName(f"There is no schedule '{key}'.", suggest(key, keys), code="unknown_schedule")
        raise Refused(f"It is {'on' if is_on else 'off'} already.", "Reload and look again.", code="move_not_open")


def look(*, now: datetime) -> list[int]:
    """Ask for the work of every slot that has come; the jobs. Workers call it all the time, and only one wins each slot.

    writes     per slot one row, and one job for the newest
    """
    due = Schedule.objects.filter(is_on=True, seen_through__lt=now)
    return [job for schedule in due if (job := _look_at(schedule, now)) is not None]


@transaction.atomic
def _look_at(schedule: Schedule, now: datetime) -> int | None:
    coming = islice(slots_after(schedule.cron, schedule.zone, schedule.seen_through), MOST_SLOTS)
    passed = [slot for slot in coming if slot <= now]
    if not passed:
        return None
    as_seen = Schedule.objects.filter(pk=schedule.pk, is_on=True, seen_through=schedule.seen_through)
    if not as_seen.update(seen_through=passed[-1]):
        return None  # another worker was first
    *missed, newest = passed
    payload = {**schedule.payload, "slot": newest.isoformat()}
    job = enqueue(schedule.kind, f"{schedule.key} {newest.isoformat()}", payload, now=now)
    Slot.objects.bulk_create(
        [
            *(Slot(schedule=schedule, at=slot, seen_at=now) for slot in missed),
            Slot(schedule=schedule, at=newest, seen_at=now, job_id=job),
        ]
    )
    return job


def schedules(*, now: datetime) -> tuple[ScheduleSeen, ...]:
    """Every schedule with its health."""
    return tuple(_seen(each, now) for each in Schedule.objects.order_by("key"))


def _seen(schedule: Schedule, now: datetime) -> ScheduleSeen:
    last = Slot.objects.filter(schedule=schedule).exclude(job=None).select_related("job").order_by("-at").first()
    job = last.job if last else None
    missed = Slot.objects.filter(schedule=schedule, job=None, at__gt=now - MISSED_FOR).order_by("-at")
    next_at = next(slots_after(schedule.cron, schedule.zone, schedule.seen_through), None)
    told = tuple(missed.values_list("at", flat=True))
    health = states.health(
        is_on=schedule.is_on,
        job_state=job.state if job else "",
        next_at=next_at,
        last_at=last.at if last else None,
        last_missed_at=told[0] if told else None,
        now=now,
    )
    return ScheduleSeen(
        key=schedule.key,
        kind=schedule.kind,
        cron=schedule.cron,
        zone=schedule.zone,
        is_on=schedule.is_on,
        health=health,
        next_at=next_at if schedule.is_on else None,
        last_at=last.at if last else None,
        last_job=job.pk if job else None,
        last_state=job.state if job else "",
        last_error=job.error if job else {},
        missed=told,
    )
