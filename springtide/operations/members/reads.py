"""What screens and commands ask about members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from springtide.kernel.errors import UnknownName
from springtide.operations.members import states
from springtide.operations.members.actions import chained
from springtide.operations.members.models import AuditHead, AuditRow, Member


@dataclass(frozen=True)
class ChainState:
    """Whether the audit chain is whole: rows walked, and the number of the first row that does not fit, if any."""

    rows: int
    broken_at: int | None

    @property
    def is_whole(self) -> bool:
        return self.broken_at is None


def audit_chain() -> ChainState:
    """Walk the audit chain from its first row and compare it with its head."""
    before, walked = "", 0
    for row in AuditRow.objects.order_by("number").iterator():
        if row.number != walked + 1 or row.hash != chained(before, row):
            return ChainState(walked, walked + 1)
        before, walked = row.hash, row.number
    head = AuditHead.objects.filter(pk=1).first()
    ends = (head.rows, head.hash) if head else (0, "")
    return ChainState(walked, None if ends == (walked, before) else walked + 1)


@dataclass(frozen=True)
class MemberSeen:
    """A member as screens and commands show one."""

    id: int
    username: str
    display_name: str
    role: str
    department: str
    granted_rights: tuple[str, ...]
    is_active: bool
    joined_at: datetime

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "joined_at": self.joined_at.isoformat()}


def members() -> tuple[MemberSeen, ...]:
    """Every member, those who can sign in first."""
    return tuple(
        MemberSeen(
            each.pk,
            each.username,
            each.display_name,
            each.role,
            each.department,
            tuple(each.granted_rights),
            each.is_active,
            each.joined_at,
        )
        for each in Member.objects.order_by("-is_active", "username")
    )


def member(number: int) -> Member:
    """One member, as the handle that a view passes to an action.

    refuses    unknown_member    there is none of this number
    """
    found = Member.objects.filter(pk=number).first()
    if found is None:
        raise UnknownName("There is no such member.", "Reload the page and look again.", code="unknown_member")
    return found


@dataclass(frozen=True)
class AuditSeen:
    """A row of the audit chain as a screen shows it. `acting` is empty for somebody at the machine's command line."""

    number: int
    at: datetime
    acting: str
    action: str
    subject: str
    was: str
    becomes: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class AuditPage:
    """A page of the chain, the newest first. `is_all`: the member sees everybody's rows, else only their own."""

    rows: tuple[AuditSeen, ...]
    total: int
    is_all: bool


def audit_page(reader: Member, *, search: str = "", count: int = 50, offset: int = 0) -> AuditPage:
    """What a member may read of the chain, whose action, subject or acting member has `search` in it.

    Those with the right over all, and managers for the team they lead, read everybody's rows; others what they did themselves.
    """
    is_all = reader.may(states.SEE_AUDIT, "team")
    rows = AuditRow.objects.select_related("acting").order_by("-number")
    if not is_all:
        rows = rows.filter(acting_id=reader.pk) if reader.may(states.SEE_AUDIT, "own") else rows.none()
    if search:
        rows = rows.filter(Q(action__icontains=search) | Q(subject__icontains=search) | Q(acting__username__icontains=search))
    shown = (
        AuditSeen(
            each.number,
            each.at,
            each.acting.display_name if each.acting else "",
            each.action,
            each.subject,
            each.was,
            each.becomes,
            each.details,
        )
        for each in rows[offset : offset + count]
    )
    return AuditPage(tuple(shown), rows.count(), is_all)
