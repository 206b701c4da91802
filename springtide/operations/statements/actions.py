"""Every write of the statements room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from springtide.kernel.errors import Refused
from springtide.kernel.ids import content_hash
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.statements import states
from springtide.operations.statements.models import StatementRun


@transaction.atomic
def begin_statement(member: Member, text: str, *, opened: Collection[str], now: datetime) -> int:
    """Let a member run a statement, with the columns that `opened` names; the number of the run.

    Whether the statement can run is found out afterwards: who tried what is recorded too.

    writes     one run; one audit row with the hash of the text; runs that were lost are marked so
    refuses    not_allowed         the member has no right to the console
               too_many_running    two of the member's are running, or six of everybody's
    """
    if not member.may(rights.USE_SQL):
        raise Refused("You may not use the SQL console.", "Ask an approver for the right.", code="not_allowed")
    Member.objects.select_for_update().get(pk=member.pk)  # one at a time, so that two do not both count one less
    _lose(now)
    running = StatementRun.objects.filter(state="running")
    if running.filter(member=member).count() >= states.AT_ONCE or running.count() >= states.AT_ONCE_OF_ALL:
        raise Refused(
            "Too many statements are running.", "Wait until one ends; each is stopped within a minute.", code="too_many_running"
        )
    run = StatementRun.objects.create(
        member=member,
        text=text[: states.LONGEST_KEPT].replace("\0", "\N{REPLACEMENT CHARACTER}"),  # PostgreSQL keeps no nulls
        text_hash=content_hash(text),
        rights=sorted(opened),
        began_at=now,
    )
    details = {"hash": run.text_hash, "rights": run.rights}
    audit("begin_statement", subject=f"statement {run.pk}", acting=member, now=now, becomes="running", details=details)
    return int(run.pk)


@transaction.atomic
def finish_statement(number: int, *, rows: int, has_more: bool, left_out: Collection[str], now: datetime) -> None:
    """The statement has answered.

    writes     the run; one audit row
    refuses    move_not_open    it is not running any more
    """
    _end(number, "done", now, {"rows": rows, "has_more": has_more, "left_out": list(left_out)})


@transaction.atomic
def refuse_statement(number: int, error: Mapping[str, str], *, now: datetime) -> None:
    """The statement could not run, or was stopped; `error` says why.

    writes     the run; one audit row
    refuses    move_not_open    it is not running any more
    """
    _end(number, "refused", now, {"error": dict(error)})


def _end(number: int, becomes: str, now: datetime, changes: Mapping[str, object]) -> None:
    if not StatementRun.objects.filter(pk=number, state="running").update(state=becomes, ended_at=now, **changes):
        raise Refused("This statement is not running any more.", "Run it again.", code="move_not_open")
    run = StatementRun.objects.select_related("member").get(pk=number)
    details = {
        "hash": run.text_hash,
        "seconds": round((now - run.began_at).total_seconds(), 3),
        **({"rows": run.rows} if becomes == "done" else {"code": run.error.get("code", "")}),
    }
    audit(
        "end_statement",
        subject=f"statement {number}",
        acting=run.member,
        now=now,
        was="running",
        becomes=becomes,
        details=details,
    )


def _lose(now: datetime) -> None:
    """What has been running for longer than anything may has nobody left to end it."""
    for number in StatementRun.objects.filter(state="running", began_at__lt=now - states.LOST_AFTER).values_list(
        "pk", flat=True
    ):
        error = {"code": "lost", "message": "The server stopped while the statement ran.", "hint": "Run it again."}
        _end(number, "lost", now, {"error": error})
