"""What the SQL console asks about statements that were run. A member sees their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from springtide.kernel.errors import UnknownName
from springtide.operations.members.models import Member
from springtide.operations.statements.models import StatementRun


@dataclass(frozen=True)
class RunSeen:
    """A run as its member sees it. `seconds` is null while it goes on."""

    number: int
    text: str
    state: str
    rights: tuple[str, ...]
    began_at: datetime
    seconds: float | None
    rows: int | None
    has_more: bool
    left_out: tuple[str, ...]
    error: Mapping[str, str]

    @property
    def is_running(self) -> bool:
        return self.state == "running"


def statement_run(member: Member, number: int) -> RunSeen:
    """One run of the member's own.

    refuses    unknown_statement    there is none of this number, or it is somebody else's
    """
    run = StatementRun.objects.filter(pk=number, member=member).first()
    if run is None:
        raise UnknownName(f"There is no statement {number} of yours.", "Run it again.", code="unknown_statement")
    return _seen(run)


def latest_runs(member: Member, *, count: int = 20) -> tuple[RunSeen, ...]:
    """The member's last statements, newest first; one that was run again stands once."""
    seen: dict[str, StatementRun] = {}
    for run in StatementRun.objects.filter(member=member).order_by("-pk")[: count * 5]:
        seen.setdefault(run.text_hash, run)
    return tuple(_seen(run) for run in list(seen.values())[:count])


def _seen(run: StatementRun) -> RunSeen:
    return RunSeen(
        number=run.pk,
        text=run.text,
        state=run.state,
        rights=tuple(run.rights),
        began_at=run.began_at,
        seconds=(run.ended_at - run.began_at).total_seconds() if run.ended_at else None,
        rows=run.rows,
        has_more=run.has_more,
        left_out=tuple(run.left_out),
        error=run.error,
    )
