"""What an approval is about, in words, and what happens when it is given: one entry per kind of thing, by the room that owns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from springtide.cycle import differences
from springtide.cycle.differences import Line
from springtide.operations.campaigns import actions as campaigns
from springtide.operations.campaigns import reads as campaign_reads
from springtide.operations.campaigns.states import KIND as CAMPAIGN
from springtide.operations.definitions import actions as definitions
from springtide.operations.definitions.reads import numbered
from springtide.operations.members import approvals, proposals, states
from springtide.operations.members.models import Member
from springtide.operations.members.proposals import KIND as MEMBER
from springtide.operations.rewards import budgets, granting
from springtide.operations.rewards import files as payout_files
from springtide.operations.rewards import reads as rewards


class Give(Protocol):
    """Says yes to an approval. True once it is full; whatever then happens at once has happened."""

    def __call__(self, approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool: ...


class Return(Protocol):
    """Says no to an approval, with a word why."""

    def __call__(self, approval_id: int, *, seen: str, acting: Member, now: datetime, note: str) -> object: ...


class TakeBack(Protocol):
    """Takes one's own question back."""

    def __call__(self, approval_id: int, *, acting: Member, now: datetime) -> object: ...


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is approved. `lines`: what would change, by the thing's number, in a language."""

    lines: Callable[[int, str], tuple[Line, ...]] = field(default=lambda number, language: ())
    approve: Give = approvals.approve
    return_: Return = approvals.return_
    take_back: TakeBack = approvals.withdraw_approval


def _of_definition(act: Callable[..., object], approval_id: int, *, acting: Member, now: datetime, **more: str) -> bool:
    """An action of the definitions, on the draft that an approval is about: one yes is enough for it."""
    draft = numbered(approvals.approval(approval_id, acting, now=now).number)
    act(draft.kind, draft.key, acting=acting, now=now, **more)
    return True


def _definition(lines: Callable[[int, str], tuple[Line, ...]]) -> Kind:
    return Kind(
        lines,
        approve=partial(_of_definition, definitions.approve_definition),
        return_=partial(_of_definition, definitions.return_definition),
        take_back=partial(_of_definition, definitions.take_back_definition),
    )


def _lines(told: Callable[[int], tuple[tuple[str, str, str], ...]]) -> Callable[[int, str], tuple[Line, ...]]:
    return lambda number, language: tuple(Line(*each) for each in told(number))


KINDS: Final[dict[str, Kind]] = {
    MEMBER: Kind(
        lines=lambda number, language: tuple(Line(*each) for each in proposals.difference(number)),
        approve=proposals.approve_proposal,
    ),
    CAMPAIGN: Kind(
        lines=lambda number, language: tuple(Line(*each) for each in campaign_reads.difference(number)),
        approve=campaigns.approve_campaign,
        return_=campaigns.return_campaign,
        take_back=campaigns.take_back_campaign,
    ),
    granting.KIND: Kind(_lines(rewards.grant_lines), approve=granting.approve_grant),
    budgets.KIND: Kind(_lines(rewards.budget_lines), approve=budgets.approve_budget),
    payout_files.KIND: Kind(_lines(rewards.file_lines), approve=payout_files.approve_file),
    "strata": _definition(differences.of_strata),
    "strategy": _definition(differences.of_strategy),
    "gate": _definition(differences.of_gate),
    "risk_matrix": _definition(differences.of_matrix),
}


def lines_of(kind: str, number: int, language: str = "en") -> tuple[Line, ...]:
    """What would change, line by line."""
    return KINDS.get(kind, Kind()).lines(number, language)


def approve(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Say yes in the way of the thing's own room.

    refuses    what `approvals.approve` refuses
    """
    return _kind_of(approval_id, acting, now).approve(approval_id, seen=seen, acting=acting, now=now, note=note)


def return_(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str) -> None:
    """Say no in the way of the thing's own room.

    refuses    what `approvals.return_` refuses
    """
    _kind_of(approval_id, acting, now).return_(approval_id, seen=seen, acting=acting, now=now, note=note)


def take_back(approval_id: int, *, acting: Member, now: datetime) -> None:
    """Take one's own question back in the way of the thing's own room.

    refuses    what `approvals.withdraw_approval` refuses
    """
    _kind_of(approval_id, acting, now).take_back(approval_id, acting=acting, now=now)


def _kind_of(approval_id: int, acting: Member, now: datetime) -> Kind:
    return KINDS.get(approvals.approval(approval_id, acting, now=now).kind, Kind())


def may_approve_anything(member: Member) -> bool:
    """True where the member has a right that approves something."""
    approving = [right for right in states.RIGHTS if right.startswith("approve_")]
    return any(member.may_some(right) for right in (*approving, states.DECIDE_RISK))
