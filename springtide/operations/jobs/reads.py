"""What screens ask about jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from springtide.kernel.errors import UnknownName
from springtide.operations.jobs import states
from springtide.operations.jobs.models import Job


@dataclass(frozen=True)
class JobSeen:
    """A job as a screen shows it."""

    id: int
    kind: str
    key: str
    state: str
    payload: Mapping[str, Any]
    progress: Mapping[str, Any]
    result: Mapping[str, Any]
    error: Mapping[str, str]
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    tries: int

    @property
    def is_open(self) -> bool:
        return self.state in states.OPEN


def job(job_id: int) -> JobSeen:
    """One job.

    refuses    unknown_job    there is none of this number
    """
    found = Job.objects.select_related("asked_by").filter(pk=job_id).first()
    if found is None:
        raise UnknownName(
            f"There is no job {job_id}.", "It may have been cleared away; start the work again.", code="unknown_job"
        )
    return _seen(found)


def latest(kinds: Sequence[str], *, count: int = 10) -> tuple[JobSeen, ...]:
    """The last `count` jobs of these kinds, newest first."""
    return tuple(_seen(row) for row in Job.objects.select_related("asked_by").filter(kind__in=kinds).order_by("-pk")[:count])


@dataclass(frozen=True)
class QueueState:
    """The queue at a glance: jobs that wait or are at work, the longest wait in seconds, and those that were given up, newest first."""

    ready: int
    leased: int
    longest_wait_seconds: int
    dead: tuple[JobSeen, ...]


def queue(*, now: datetime, count: int = 20) -> QueueState:
    """How the queue stands."""
    due = Job.objects.filter(state="ready", run_after__lte=now).order_by("run_after")
    oldest = due.values_list("run_after", flat=True).first()
    dead = Job.objects.select_related("asked_by").filter(state="dead").order_by("-ended_at", "-pk")[:count]
    return QueueState(
        ready=Job.objects.filter(state="ready").count(),
        leased=Job.objects.filter(state="leased").count(),
        longest_wait_seconds=int((now - oldest).total_seconds()) if oldest else 0,
        dead=tuple(_seen(each) for each in dead),
    )


def _seen(row: Job) -> JobSeen:
    return JobSeen(
        id=row.pk,
        kind=row.kind,
        key=row.key,
        state=row.state,
        payload=row.payload,
        progress=row.progress,
        result=row.result,
        error=row.error,
        asked_by=row.asked_by.display_name if row.asked_by else "",
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        tries=row.tries,
    )
