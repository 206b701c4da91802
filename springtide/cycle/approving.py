"""What an approval is about, in words, and what happens when it is given: one entry per kind of thing, by the room that owns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from springtide.operations.members import approvals, proposals, states
from springtide.operations.members.models import Member
from springtide.operations.members.proposals import KIND as MEMBER


@dataclass(frozen=True)
class Line:
    """One line of a readable difference: what changes, from what, to what. `was` is empty where the thing is new."""

    what: str
    was: str
    becomes: str


class Give(Protocol):
    """Says yes to an approval. True once it is full; whatever then happens at once has happened."""

    def __call__(self, approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool: ...


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is approved."""

    lines: Callable[[int], tuple[Line, ...]] = field(default=lambda number: ())
    approve: Give = approvals.approve


KINDS: Final[dict[str, Kind]] = {
    MEMBER: Kind(
        lines=lambda number: tuple(Line(*each) for each in proposals.difference(number)),
        approve=proposals.approve_proposal,
    ),
}


def lines_of(kind: str, number: int) -> tuple[Line, ...]:
    """What would change, line by line."""
    return KINDS.get(kind, Kind()).lines(number)


def approve(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Say yes in the way of the thing's own room.

    refuses    what `approvals.approve` refuses
    """
    kind = approvals.approval(approval_id, acting, now=now).kind
    return KINDS.get(kind, Kind()).approve(approval_id, seen=seen, acting=acting, now=now, note=note)


def may_approve_anything(member: Member) -> bool:
    """True where the member has a right that approves something."""
    return any(member.may_some(right) for right in states.RIGHTS if right.startswith("approve_"))
