"""Every write of the jobs room. A worker holds a `Lease`; whoever was overtaken finds its fence too old and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q

from springtide.kernel.errors import Refused
from springtide.operations.jobs import states
from springtide.operations.jobs.models import Job


@dataclass(frozen=True)
class Lease:
    """One try at one job, held by one worker until it runs out."""

    job_id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    fence: int
    tries: int


def enqueue(
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    asked_by_id: int | None = None,
    run_after: datetime | None = None,
    tries_allowed: int = states.TRIES,
) -> int:
    """The id of the open job with this kind and key: a new one, or the one that is there already.

    writes    one job at most: two that ask at once get the same id
    """
    asked = Job(
        kind=kind,
        key=key,
        payload=dict(payload),
        asked_by_id=asked_by_id,
        asked_at=now,
        run_after=run_after or now,
        tries_allowed=tries_allowed,
    )
    for _ in range(3):  # the open one may end between our refusal and our look: then ours fits at the next try
        try:
            with transaction.atomic():
                asked.save(force_insert=True)
            return int(asked.pk)
        except IntegrityError:
            asked.pk = None
            if there := Job.objects.filter(kind=kind, key=key, state__in=states.OPEN).values_list("pk", flat=True).first():
                return int(there)
    raise Refused("This work is being asked for by many at once.", "Try again in a moment.", code="moved_already")


def lease(worker: str, kinds: Collection[str], *, now: datetime, lasts: timedelta = states.LEASE) -> Lease | None:
    """The job that has waited longest, now leased to `worker`, or None when nothing is due.

    writes    the job: leased, one more try, a higher fence. A job whose lease ran out is due again; one that ran out of tries
              that way (its worker died every time) is buried here, since nobody else could.
    """
    due = Q(state="ready", run_after__lte=now) | Q(state="leased", leased_until__lt=now)
    while True:
        with transaction.atomic():
            waiting = Job.objects.filter(due, kind__in=kinds).order_by("run_after", "pk")
            if connection.features.has_select_for_update_skip_locked:
                waiting = waiting.select_for_update(skip_locked=True, of=("self",))
            job = waiting.first()
            if job is None:
                return None
            as_seen = Job.objects.filter(pk=job.pk, state=job.state, fence=job.fence)
            if job.state == "leased" and job.tries >= job.tries_allowed:
                lost = {
                    "code": "worker_lost",
                    "message": "The worker stopped without a word at every try.",
                    "hint": "Look into its log; it may have run out of memory.",
                }
                as_seen.update(state="dead", fence=F("fence") + 1, error=lost, ended_at=now, leased_until=None)
                continue
            if as_seen.update(
                state="leased", worker=worker, fence=F("fence") + 1, tries=F("tries") + 1, leased_until=now + lasts
            ):
                return Lease(job.pk, job.kind, job.key, job.payload, job.fence + 1, job.tries + 1)


def heartbeat(
    held: Lease, *, now: datetime, progress: Mapping[str, Any] | None = None, lasts: timedelta = states.LEASE
) -> None:
    """Say that the work goes on, and how far it is.

    refuses    lease_lost    another worker has taken the job over: stop, and publish nothing
    """
    changes: dict[str, Any] = {"leased_until": now + lasts}
    if progress is not None:
        changes["progress"] = dict(progress)
    _move(held, **changes)


def finish(held: Lease, result: Mapping[str, Any], *, now: datetime) -> None:
    """The work is done.

    refuses    lease_lost    another worker has taken the job over
    """
    _move(held, state="done", result=dict(result), error={}, ended_at=now, leased_until=None)


def fail(held: Lease, error: Mapping[str, str], *, now: datetime, again: bool = True) -> None:
    """The try failed: the job waits and is tried again, or is buried when its tries are used up or `again` is False.

    refuses    lease_lost    another worker has taken the job over
    """
    allowed = Job.objects.values_list("tries_allowed", flat=True).get(pk=held.job_id)
    if again and held.tries < allowed:
        _move(held, state="ready", error=dict(error), run_after=now + states.wait_after(held.tries), leased_until=None)
    else:
        _move(held, state="dead", error=dict(error), ended_at=now, leased_until=None)


def revive(job_id: int, *, now: datetime) -> None:
    """Give a dead job its tries back.

    refuses    move_not_open    it is not dead, or the same work is open again
    """
    try:
        with transaction.atomic():
            moved = Job.objects.filter(pk=job_id, state="dead").update(
                state="ready", tries=0, run_after=now, error={}, ended_at=None
            )
    except IntegrityError:
        moved = 0
    if not moved:
        raise Refused("This work is not waiting for a second chance.", "Reload and look again.", code="move_not_open")


def _move(held: Lease, **changes: Any) -> None:
    if not Job.objects.filter(pk=held.job_id, state="leased", fence=held.fence).update(**changes):
        raise Refused("Another worker has taken this job over.", "Stop; it is in other hands.", code="lease_lost")
