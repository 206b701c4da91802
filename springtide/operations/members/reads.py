"""What screens and commands ask about members."""

from __future__ import annotations

from dataclasses import dataclass

from springtide.operations.members.actions import chained
from springtide.operations.members.models import AuditHead, AuditRow


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
