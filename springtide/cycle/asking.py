"""Work that a member asks for: who may, one job in the queue, one audit row."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from springtide.kernel.errors import Refused
from springtide.operations.jobs.actions import enqueue
from springtide.operations.members import states
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member


@transaction.atomic
def ask_for_import(acting: Member, *, path: str, mapping: str | None, now: datetime) -> int:
    """Queue the import of a file; the id of its job. Asked twice while it is open, it is one job.

    writes     one job, one audit row
    refuses    not_allowed    the member may not import
    """
    _may_import(acting)
    payload = {"path": path, **({"mapping": mapping} if mapping else {})}
    job = enqueue("import", path, payload, now=now, asked_by_id=acting.pk)
    audit("ask_for_import", subject=f"job {job}", acting=acting, now=now, details=payload)
    return job


@transaction.atomic
def ask_for_close(acting: Member, *, through: date | None = None, now: datetime) -> int:
    """Queue the close of every day that has facts (or up to `through`); the id of its job.

    writes     one job, one audit row
    refuses    not_allowed    the member may not close days
    """
    _may_import(acting)
    payload = {"through": str(through)} if through else {}
    job = enqueue("close", "days", payload, now=now, asked_by_id=acting.pk)
    audit("ask_for_close", subject=f"job {job}", acting=acting, now=now, details=payload)
    return job


def _may_import(acting: Member) -> None:
    if not acting.may(states.IMPORT_DATA):
        raise Refused("You may not import or close.", "Ask a manager or an analyst to do it.", code="not_allowed")
