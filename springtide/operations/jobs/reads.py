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
