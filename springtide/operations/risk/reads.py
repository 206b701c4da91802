"""What screens and programs ask of risk control. Who may not see reasons sees that a user is flagged, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet

from springtide.analytics.foresight.gates import Clause
from springtide.analytics.foresight.judging import GateAnswer
from springtide.analytics.rules import Why, Words
from springtide.kernel.errors import Refused, UnknownName
from springtide.kernel.money import usdt
from springtide.operations.members import states as rights
from springtide.operations.members.fields import fields
from springtide.operations.members.models import Member
from springtide.operations.members.states import field_right
from springtide.operations.risk.gates import standing_decisions, standing_flags
from springtide.operations.risk.models import Case, Decision, Flag

PAGE = 50


@dataclass(frozen=True)
class CaseSeen:
    """A case with what was seen when it was opened. Money is Decimal USDT."""

    number: int
    kind: str
    subject: str
    users: tuple[str, ...]
    codes: tuple[str, ...]
    is_hold: bool
    origin: str
    text: str
    evidence: Mapping[str, Mapping[str, Any]]  # user → column → value
    left_out: tuple[str, ...]  # columns that the member may not see
    state: str
    opened_at: datetime
    opened_by: str
    says: str
    note: str
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True)
class Queue:
    """Open cases: holds first, then by age. `waiting`: how many there are of each kind, whatever the page shows."""

    cases: tuple[CaseSeen, ...]
    total: int
    waiting: Mapping[str, int]
    oldest_at: datetime | None


@dataclass(frozen=True)
class FlagSeen:
    """A live flag as risk control sees it."""

    number: int
    user_id: str
    kind: str
    source: str
    note: str
    begins_at: datetime
    ends_at: datetime | None
    raised_by: str
    raised_at: datetime


@dataclass(frozen=True)
class ClauseSeen:
    """How a clause came out for a user. `seen`: column and value, money as Decimal USDT; `left_out` the member may not see."""

    code: str
    verdict: str
    says: Words
    rule: str
    holds: bool | None
    seen: tuple[tuple[str, Any], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class GateSeen:
    """What a gate says of a user."""

    key: str
    title: Words
    version: int
    verdict: str
    codes: tuple[str, ...]
    clauses: tuple[ClauseSeen, ...]


class Decided(NamedTuple):
    """A reason that a person cleared, or `decided` where they denied; and until when."""

    reason: str
    until: datetime


@dataclass(frozen=True)
class Flagged:
    """Is something known against a user? `kinds` and `decided` are null for who may not see reasons."""

    is_flagged: bool
    kinds: tuple[str, ...] | None
    decided: tuple[Decided, ...] | None


def may_see_reasons(member: Member | None) -> bool:
    """Risk control, whoever was given the right by name, and the machine's own command line."""
    return member is None or member.may(rights.DECIDE_RISK) or member.may(rights.SEE_RISK)


def queue(
    member: Member | None, *, kind: str = "", state: str = "open", user_id: str = "", count: int = PAGE, offset: int = 0
) -> Queue:
    """Cases that wait, or that are over (the newest first).

    refuses    not_allowed    the member may not see reasons
    """
    _refuse_unseeing(member)
    rows = Case.objects.filter(state=state, **({"kind": kind} if kind else {}))
    if user_id:
        rows = rows.filter(parties__user_id=user_id)
    ordered = rows.order_by("-is_hold", "opened_at", "pk") if state == "open" else rows.order_by("-decided_at", "-pk")
    told = {row["kind"]: row["cases"] for row in Case.objects.filter(state="open").values("kind").annotate(cases=Count("pk"))}
    oldest = Case.objects.filter(state="open").order_by("opened_at").values_list("opened_at", flat=True).first()
    page = ordered.select_related("opened_by", "decided_by").prefetch_related("parties")[offset : offset + count]
    return Queue(tuple(_seen(row, member) for row in page), rows.count(), told, oldest)


def case(number: int, member: Member | None) -> CaseSeen:
    """One case.

    refuses    unknown_case    there is none, or the member may not know of it: one's own appeal is seen without what was found
    """
    row = Case.objects.select_related("opened_by", "decided_by").filter(pk=number).first()
    is_own = row is not None and member is not None and row.kind == "appeal" and row.opened_by_id == member.pk
    if row is None or not (is_own or may_see_reasons(member)):
        raise UnknownName(f"There is no case {number}.", "Reload the queue.", code="unknown_case")
    return _seen(row, member)


def flags(
    member: Member | None, *, now: datetime, user_id: str = "", count: int = PAGE, offset: int = 0
) -> tuple[FlagSeen, ...]:
    """Flags that stand, or will, the newest first.

    refuses    not_allowed    the member may not see reasons
    """
    _refuse_unseeing(member)
    rows = Flag.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), lifted_at=None)
    rows = rows.filter(user_id=user_id) if user_id else rows
    page: QuerySet[Flag] = rows.select_related("raised_by").order_by("-raised_at", "-pk")[offset : offset + count]
    return tuple(
        FlagSeen(
            row.pk, row.user_id, row.kind, row.source, row.note, row.begins_at, row.ends_at, _name(row.raised_by), row.raised_at
        )
        for row in page
    )


def flag_of(user_id: str, member: Member, *, now: datetime) -> Flagged:
    """Whether a user is flagged or denied by a person now; why, for those who may see reasons.

    refuses    not_allowed    the member may not even see the flag
    """
    if not (may_see_reasons(member) or member.may(rights.SEE_RISK_FLAG)):
        raise Refused("You may not see flags of users.", "Ask a manager for the right.", code="not_allowed")
    kinds = tuple(sorted(set(standing_flags(now).filter(user_id=user_id).values_list("kind", flat=True))))
    said = tuple(Decided(row.code, row.until) for row in _decisions(now, [user_id]).order_by("code"))
    is_flagged = bool(kinds) or any(code == "decided" for code, _ in said)
    return Flagged(is_flagged, kinds, said) if may_see_reasons(member) else Flagged(is_flagged, None, None)


def gates_seen(answered: Iterable[GateAnswer], member: Member | None) -> tuple[GateSeen, ...]:
    """What `explained` found, without the columns that the member may not see.

    refuses    not_allowed    the member may not see reasons
    """
    _refuse_unseeing(member)
    return tuple(
        GateSeen(
            each.gate.key,
            each.gate.title,
            each.gate.version,
            each.verdict,
            each.codes,
            tuple(_clause_seen(clause, why, member) for clause, why in each.reasons),
        )
        for each in answered
    )


def _clause_seen(clause: Clause, why: Why, member: Member | None) -> ClauseSeen:
    seen = dict(pair for comparison in why.comparisons for pair in comparison.seen)
    shown, left_out = _parted(member, seen)
    told = tuple((name, seen[name]) for name in shown)
    return ClauseSeen(clause.code, clause.verdict, clause.says, clause.rule.text, why.holds, told, left_out)


def _parted(member: Member | None, columns: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that a member who sees reasons may see, and the others: money and personal data have rights of their own."""
    if member is None:
        return tuple(columns), ()
    parted = fields(member, columns)
    risk = tuple(column for column in parted.left_out if field_right(column) == rights.SEE_RISK)
    return (*parted.shown, *risk), tuple(column for column in parted.left_out if column not in risk)


def _decisions(now: datetime, users: Collection[str]) -> QuerySet[Decision]:
    return standing_decisions(now).filter(user_id__in=users)


def _refuse_unseeing(member: Member | None) -> None:
    if not may_see_reasons(member):
        raise Refused("You may not see what risk control sees.", "Ask risk control.", code="not_allowed")


def _seen(row: Case, member: Member | None) -> CaseSeen:
    with_reasons = may_see_reasons(member)
    found: dict[str, dict[str, Any]] = row.evidence.get("users", {}) if with_reasons else {}
    shown, left_out = _parted(member, dict.fromkeys(name for told in found.values() for name in told))
    return CaseSeen(
        number=row.pk,
        kind=row.kind,
        subject=row.subject,
        users=tuple(sorted(party.user_id for party in row.parties.all())),
        codes=tuple(row.codes) if with_reasons else (),
        is_hold=row.is_hold,
        origin=row.origin,
        text=row.text,
        evidence={
            user: {name: _shown(name, told[name]) for name in shown if name in told} for user, told in sorted(found.items())
        },
        left_out=left_out,
        state=row.state,
        opened_at=row.opened_at,
        opened_by=_name(row.opened_by),
        says=row.says,
        note=row.note if with_reasons else "",
        decided_by=_name(row.decided_by) if with_reasons else "",
        decided_at=row.decided_at,
    )


def _shown(name: str, value: Any) -> Any:
    return usdt(value) if name.endswith("_usdt") and isinstance(value, int) else value


def _name(member: Member | None) -> str:
    return member.display_name if member else ""
