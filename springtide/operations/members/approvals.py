"""Approvals: a yes to one thing with exactly one content, from people who had no hand in it. Every write of approvals stands here.

A room asks with `ask_approval` when its thing is submitted, calls `void_changed` in every action that edits it, and lets it begin only
while `is_approved` holds for the content as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members import states
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Approval, Member, Voice


@dataclass(frozen=True)
class ApprovalSeen:
    """An approval as a member sees it. `may_answer`: this member could approve or return it now; else `why_not` says why."""

    id: int
    kind: str
    number: int
    content_hash: str
    title: str
    state: str
    quorum: int
    given: int
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    voices: tuple[tuple[str, str, str, datetime], ...]  # who, what they said, their note, when
    may_answer: bool
    why_not: str


@transaction.atomic
def ask_approval(
    kind: str,
    number: int,
    content_hash: str,
    *,
    title: str,
    right: str,
    acting: Member,
    now: datetime,
    quorum: int = 1,
    excluded: Iterable[Member] = (),
    lasts: timedelta = states.ASKED_FOR,
) -> int:
    """Ask those who have `right` to approve a thing as it stands; the id of the question. Asked again for the same content, it is one.

    `excluded` are those who drafted it, edited it last, or gain by it; who asks is excluded too, whatever their role.

    writes     one approval, open; an older one for other content is void; audit rows
    refuses    no_approver    nobody who is left has the right, so that the question could never be answered
    """
    void_changed(kind, number, content_hash, acting=acting, now=now, right=right)
    out = sorted({acting.pk, *(each.pk for each in excluded)})
    standing = Approval.objects.filter(kind=kind, number=number, right=right, state__in=states.STANDING, expires_at__gt=now)
    if there := standing.values_list("pk", flat=True).first():
        return int(there)
    Approval.objects.filter(kind=kind, number=number, right=right, state__in=states.STANDING).update(state="void")  # ran out
    able = [each for each in Member.objects.filter(is_active=True).exclude(pk__in=out) if each.may_some(right)]
    if len(able) < quorum:
        raise Refused(
            f"This needs {quorum} who may approve it and had no hand in it; there are {len(able)}.",
            "Invite an approver, or let somebody else draft it.",
            code="no_approver",
        )
    try:
        with transaction.atomic():
            asked = Approval.objects.create(
                kind=kind,
                number=number,
                content_hash=content_hash,
                title=title[:200],
                right=right,
                quorum=quorum,
                asked_by=acting,
                asked_at=now,
                expires_at=now + lasts,
                excluded=out,
            )
    except IntegrityError as twice:
        raise Refused("Somebody asked at this very moment.", "Reload and look again.", code="moved_already") from twice
    details = {"content": content_hash, "quorum": quorum, "excluded": out}
    audit("ask_approval", subject=f"{kind} {number}", acting=acting, now=now, becomes="open", details=details)
    return asked.pk


@transaction.atomic
def approve(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Say yes to the content that was `seen`. True once the quorum is full: the thing is approved.

    writes     one voice; the approval, approved with the last of the quorum; one audit row
    refuses    unknown_approval   there is none, or it is not this member's to see
               not_allowed        the member lacks the right
               four_eyes          the member drafted it, edited it last, asked for it, or gains by it: admins too
               said_already       the member has answered it
               moved_already      its content was changed, or somebody else's answer came first
               move_not_open      it was approved, returned or voided
               expired            nobody answered in time
    """
    asked = _answerable(approval_id, acting, now)
    _speak(asked, "approve", acting, now, note)
    is_full = asked.given + 1 >= asked.quorum
    changes = {"state": "approved", "expires_at": now + states.APPROVED_FOR} if is_full else {}
    as_seen = Approval.objects.filter(pk=asked.pk, state="open", content_hash=seen, given=asked.given)
    if not as_seen.update(given=F("given") + 1, **changes):
        raise Refused("It was changed, or answered, since you saw it.", "Reload it and look again.", code="moved_already")
    becomes = "approved" if is_full else "open"
    _told(asked, "approve", acting, now, becomes=becomes, note=note)
    return is_full


@transaction.atomic
def return_(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str) -> None:
    """Say no: back to who drafted it, with a word why.

    writes     one voice; the approval, returned; one audit row
    refuses    what `approve` refuses, and
               no_reason    the note is empty
    """
    if not note.strip():
        raise Refused("Say why it goes back.", "Write a sentence that its drafter can work with.", code="no_reason")
    asked = _answerable(approval_id, acting, now)
    _speak(asked, "return", acting, now, note)
    if not Approval.objects.filter(pk=asked.pk, state="open", content_hash=seen).update(state="returned"):
        raise Refused("It was changed, or answered, since you saw it.", "Reload it and look again.", code="moved_already")
    _told(asked, "return_approval", acting, now, becomes="returned", note=note)


@transaction.atomic
def void_changed(
    kind: str, number: int, content_hash: str, *, acting: Member | None, now: datetime, right: str | None = None
) -> int:
    """Void what was asked or approved for other content than `content_hash`; how many. Every action that edits a thing calls it.

    writes     the approvals, void; one audit row each
    """
    standing = Approval.objects.filter(kind=kind, number=number, state__in=states.STANDING).exclude(content_hash=content_hash)
    voided = 0
    for each in standing.filter(**({"right": right} if right else {})):
        if Approval.objects.filter(pk=each.pk, state=each.state).update(state="void"):
            _told(each, "void_approval", acting, now, becomes="void")
            voided += 1
    return voided


@transaction.atomic
def withdraw_approval(approval_id: int, *, acting: Member, now: datetime) -> None:
    """Take one's own question back.

    refuses    unknown_approval, move_not_open
    """
    asked = Approval.objects.filter(pk=approval_id, asked_by=acting).first()
    if asked is None:
        raise _unknown(approval_id)
    if not Approval.objects.filter(pk=approval_id, state="open").update(state="void"):
        raise Refused("It is not waiting any more.", "Reload and look again.", code="move_not_open")
    _told(asked, "withdraw_approval", acting, now, becomes="void")


def is_approved(kind: str, number: int, content_hash: str, *, now: datetime, right: str | None = None) -> bool:
    """True while a full approval holds for a thing with exactly this content."""
    given = Approval.objects.filter(kind=kind, number=number, content_hash=content_hash, state="approved", expires_at__gt=now)
    return given.filter(**({"right": right} if right else {})).exists()


def question_about(kind: str, number: int) -> int | None:
    """The id of the question that is open about a thing, ran out or not."""
    return Approval.objects.filter(kind=kind, number=number, state="open").values_list("pk", flat=True).first()


def waiting_for(member: Member, *, now: datetime) -> tuple[ApprovalSeen, ...]:
    """The inbox of a member: what they may answer now, the oldest first."""
    waiting = Approval.objects.filter(state="open", expires_at__gt=now).order_by("asked_at", "pk")
    seen = (_seen(each, member, now) for each in waiting.select_related("asked_by"))
    return tuple(each for each in seen if each.may_answer)


def asked_by(member: Member, *, now: datetime, count: int = 20) -> tuple[ApprovalSeen, ...]:
    """What a member asked for, the newest first."""
    mine = Approval.objects.filter(asked_by=member).select_related("asked_by").order_by("-pk")
    return tuple(_seen(each, member, now) for each in mine[:count])


def approval(approval_id: int, member: Member, *, now: datetime) -> ApprovalSeen:
    """One approval.

    refuses    unknown_approval    there is none, or the member neither asked for it nor may approve such things
    """
    found = Approval.objects.select_related("asked_by").filter(pk=approval_id).first()
    if found is None or not (found.asked_by_id == member.pk or member.may_some(found.right)):
        raise _unknown(approval_id)
    return _seen(found, member, now)


def _answerable(approval_id: int, acting: Member, now: datetime) -> Approval:
    asked = Approval.objects.select_for_update().filter(pk=approval_id).first()
    if asked is None or not (asked.asked_by_id == acting.pk or acting.may_some(asked.right)):
        raise _unknown(approval_id)
    if refusal := _why_not(asked, acting, now):
        raise refusal
    return asked


def _why_not(asked: Approval, member: Member, now: datetime) -> Refused | None:
    if asked.state != "open":
        return Refused(f"It is {asked.state} already.", "Reload and look again.", code="move_not_open")
    if asked.expires_at <= now:
        return Refused("Nobody answered in time.", "Who drafted it can ask again.", code="expired")
    if member.pk in asked.excluded:
        return Refused(
            f"{member.display_name} had a hand in it, or gains by it.",
            "Somebody else with the right must look at it; no role is exempt.",
            code="four_eyes",
        )
    if not member.may(asked.right, "above_limit", "within_limit"):
        return Refused("You may not approve this.", "Ask a member with the approver role.", code="not_allowed")
    if Voice.objects.filter(approval=asked, member=member).exists():
        return Refused("You have answered it.", "It waits for somebody else.", code="said_already")
    return None


def _speak(asked: Approval, says: str, acting: Member, now: datetime, note: str) -> None:
    try:
        with transaction.atomic():
            Voice.objects.create(approval=asked, member=acting, says=says, note=note.strip()[:400], at=now)
    except IntegrityError as twice:
        raise Refused("You have answered it.", "It waits for somebody else.", code="said_already") from twice


def _told(asked: Approval, action: str, acting: Member | None, now: datetime, *, becomes: str, note: str = "") -> None:
    details = {"approval": asked.pk, "content": asked.content_hash, **({"note": note.strip()[:400]} if note.strip() else {})}
    subject = f"{asked.kind} {asked.number}"
    audit(action, subject=subject, acting=acting, now=now, was=asked.state, becomes=becomes, details=details)


def _seen(asked: Approval, member: Member, now: datetime) -> ApprovalSeen:
    refusal = _why_not(asked, member, now)
    return ApprovalSeen(
        id=asked.pk,
        kind=asked.kind,
        number=asked.number,
        content_hash=asked.content_hash,
        title=asked.title,
        state="expired" if asked.state in states.STANDING and asked.expires_at <= now else asked.state,
        quorum=asked.quorum,
        given=asked.given,
        asked_by=asked.asked_by.display_name,
        asked_at=asked.asked_at,
        expires_at=asked.expires_at,
        voices=tuple(
            (each.member.display_name, each.says, each.note, each.at)
            for each in asked.voices.select_related("member").order_by("pk")
        ),
        may_answer=refusal is None,
        why_not=str(refusal) if refusal else "",
    )


def _unknown(approval_id: int) -> UnknownName:
    return UnknownName(f"There is no approval {approval_id}.", "Reload the page and look again.", code="unknown_approval")
