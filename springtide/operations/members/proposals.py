"""Who becomes a member, and whose role changes: proposed by one person, approved by another. Every write of proposals stands here."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from springtide.kernel.errors import Refused, UnknownName
from springtide.kernel.ids import content_hash
from springtide.operations.members import approvals, states
from springtide.operations.members.actions import audit, count_guess, refuse_bad_member, refuse_guesses, set_password
from springtide.operations.members.models import Approval, Member, Proposal

KIND: Final = "member"
INVITED_FOR: Final = timedelta(days=14)


@dataclass(frozen=True)
class Proposed:
    """A proposal, the approval it waits for, and for somebody new the secret of the link, which is shown once."""

    proposal_id: int
    approval_id: int
    secret: str = ""


@dataclass(frozen=True)
class ProposalSeen:
    """A proposal as a screen shows it."""

    id: int
    username: str
    display_name: str
    role: str
    department: str
    granted_rights: tuple[str, ...]
    is_new: bool
    is_approved: bool
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime


@transaction.atomic
def invite(
    *,
    username: str,
    display_name: str,
    role: str,
    acting: Member,
    now: datetime,
    department: str = "",
    granted_rights: Iterable[str] = (),
    language: str = "en",
) -> Proposed:
    """Propose somebody new. The link works once somebody else has approved them, and for fourteen days.

    writes     one proposal, one approval; audit rows
    refuses    not_allowed       `acting` may propose no members
               username_taken    a member has this name, or somebody invited
               no_approver       nobody else could approve it
               bad_username, unknown_role, unknown_department, unknown_language, unknown_right
    """
    secret = "spi_" + secrets.token_urlsafe(32)
    if Member.objects.filter(username=username).exists():
        raise Refused(f"There is a member '{username}' already.", "Choose another name.", code="username_taken")
    proposal = _propose(
        None,
        Proposal(
            username=username,
            display_name=display_name.strip() or username,
            role=role,
            department=department,
            granted_rights=sorted(set(granted_rights)),
            language=language,
            secret_hash=_hash(secret),
        ),
        acting,
        now,
    )
    return Proposed(proposal.proposal_id, proposal.approval_id, secret)


@transaction.atomic
def propose_role(
    member: Member,
    *,
    role: str,
    acting: Member,
    now: datetime,
    department: str = "",
    granted_rights: Iterable[str] = (),
) -> Proposed:
    """Propose another role, department or named rights for a member; one who was switched off comes back with it.

    It happens at the moment it is approved, by somebody who is neither the proposer nor the member.

    writes     one proposal, one approval; audit rows
    refuses    what `invite` refuses
    """
    wanted = Proposal(
        member=member,
        username=member.username,
        display_name=member.display_name,
        role=role,
        department=department,
        granted_rights=sorted(set(granted_rights)),
        language=member.language,
    )
    return _propose(member, wanted, acting, now)


@transaction.atomic
def approve_proposal(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Approve a proposal; a change of role happens now. True once it is approved.

    refuses    what `approvals.approve` refuses
    """
    if not approvals.approve(approval_id, seen=seen, acting=acting, now=now, note=note):
        return False
    asked = Approval.objects.get(pk=approval_id)
    proposal = Proposal.objects.select_related("member").get(pk=asked.number)
    if proposal.member is not None:
        _change_role(proposal, proposal.member, acting, now)
    return True


def accept_invitation(secret: str, *, password: str, address: str, now: datetime) -> Member:
    """Become the member that a link invites, with a password of one's own.

    writes     one member; the proposal, done; one audit row; of a wrong link, a guess of its address
    refuses    bad_invitation    nothing has this secret, or it was used, withdrawn, or is too old
               not_approved      nobody has approved it yet
               weak_password     short, common, all digits, or like the name
               username_taken    somebody else has the name by now
               too_many_tries    this address guesses
    """
    proposal = _invitation(secret, address, now)
    if not approvals.is_approved(KIND, proposal.pk, _content(proposal), now=now):
        raise Refused("Your invitation waits for its approval.", "Ask who invited you, and come back.", code="not_approved")
    member = Member(
        username=proposal.username,
        display_name=proposal.display_name,
        role=proposal.role,
        department=proposal.department,
        granted_rights=proposal.granted_rights,
        language=proposal.language,
        joined_at=now,
    )
    set_password(member, password)  # slow on purpose: not while the database waits
    with transaction.atomic():
        if not Proposal.objects.filter(pk=proposal.pk, state="proposed").update(state="done"):
            raise Refused("This invitation was used.", "Sign in with the password you chose.", code="bad_invitation")
        try:
            with transaction.atomic():
                member.save(force_insert=True)
        except IntegrityError as taken:
            message = f"There is a member '{member.username}' by now."
            raise Refused(message, "Ask to be invited anew.", code="username_taken") from taken
        Proposal.objects.filter(pk=proposal.pk).update(member=member)
        details = {"proposal": proposal.pk, "rights": member.granted_rights}
        subject = f"member {member.username}"
        audit("accept_invitation", subject=subject, acting=member, now=now, becomes=member.role, details=details)
    return member


@transaction.atomic
def withdraw_proposal(proposal_id: int, *, acting: Member, now: datetime) -> None:
    """Take a proposal back before it happened: one's own, or anybody's for those who may switch members off.

    refuses    unknown_proposal, move_not_open
    """
    found = Proposal.objects.filter(pk=proposal_id).first()
    if found is None or not (found.proposed_by_id == acting.pk or acting.may(states.SWITCH_OFF_MEMBERS)):
        raise UnknownName(f"There is no proposal {proposal_id}.", "Reload the page and look again.", code="unknown_proposal")
    if not Proposal.objects.filter(pk=proposal_id, state="proposed").update(state="withdrawn"):
        raise Refused("It has happened already.", "Propose what should be instead.", code="move_not_open")
    approvals.void_changed(KIND, proposal_id, "", acting=acting, now=now)
    audit("withdraw_proposal", subject=f"proposal {proposal_id}", acting=acting, now=now, was="proposed", becomes="withdrawn")


@transaction.atomic
def switch_off_member(member: Member, *, acting: Member, now: datetime) -> None:
    """Let a member in no more: every session and token of theirs ends at once. Coming back needs two persons.

    writes     the member; one audit row
    refuses    not_allowed       `acting` may not
               own_account       it is one's own
               move_not_open     the member is switched off already
    """
    if not acting.may(states.SWITCH_OFF_MEMBERS):
        raise Refused("You may not switch members off.", "Ask a member with the admin role.", code="not_allowed")
    if member.pk == acting.pk:
        raise Refused("You cannot switch yourself off.", "Ask another admin.", code="own_account")
    if not Member.objects.filter(pk=member.pk, is_active=True).update(is_active=False):
        raise Refused("This member is switched off.", "Propose a role to bring them back.", code="move_not_open")
    member.is_active = False
    audit("switch_off_member", subject=f"member {member.username}", acting=acting, now=now, was="active", becomes="off")


def open_proposals(*, now: datetime) -> tuple[ProposalSeen, ...]:
    """What was proposed and has not happened, the newest first."""
    waiting = Proposal.objects.filter(state="proposed", expires_at__gt=now).select_related("proposed_by").order_by("-pk")
    return tuple(_seen(each, now) for each in waiting)


def invitation(secret: str, *, address: str, now: datetime) -> ProposalSeen:
    """What a link invites to.

    refuses    bad_invitation, too_many_tries
    """
    return _seen(_invitation(secret, address, now), now)


def difference(proposal_id: int) -> tuple[tuple[str, str, str], ...]:
    """What a proposal would change: (what, was, becomes); of somebody new everything, with nothing before.

    refuses    unknown_proposal
    """
    found = Proposal.objects.select_related("member").filter(pk=proposal_id).first()
    if found is None:
        raise UnknownName(f"There is no proposal {proposal_id}.", "Reload the page and look again.", code="unknown_proposal")
    was = found.member if found.member_id and found.state == "proposed" else None
    pairs = (
        ("username", was.username if was else "", found.username),
        ("role", was.role if was else "", found.role),
        ("department", was.department if was else "", found.department),
        ("granted_rights", ", ".join(was.granted_rights) if was else "", ", ".join(found.granted_rights)),
        ("is_active", ("yes" if was.is_active else "no") if was else "", "yes"),
    )
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _propose(member: Member | None, wanted: Proposal, acting: Member, now: datetime) -> Proposed:
    if not acting.may(states.PROPOSE_MEMBERS):
        raise Refused("You may not propose members.", "Ask a manager or an admin.", code="not_allowed")
    refuse_bad_member(
        username=wanted.username,
        role=wanted.role,
        department=wanted.department,
        language=wanted.language,
        granted_rights=wanted.granted_rights,
    )
    if Proposal.objects.filter(username=wanted.username, state="proposed", expires_at__gt=now).exists():
        raise Refused(
            f"There is a proposal for '{wanted.username}' already.", "Withdraw it, or wait for it.", code="username_taken"
        )
    wanted.proposed_by, wanted.proposed_at, wanted.expires_at = acting, now, now + INVITED_FOR
    wanted.save(force_insert=True)
    asked = approvals.ask_approval(
        KIND,
        wanted.pk,
        _content(wanted),
        title=f"{wanted.username}: {wanted.role}",
        right=states.APPROVE_MEMBERS,
        acting=acting,
        excluded=[member] if member else [],
        now=now,
    )
    details = {
        "username": wanted.username,
        "role": wanted.role,
        "department": wanted.department,
        "rights": wanted.granted_rights,
    }
    action = "propose_role" if member else "invite"
    audit(action, subject=f"proposal {wanted.pk}", acting=acting, now=now, becomes="proposed", details=details)
    return Proposed(wanted.pk, asked)


def _change_role(proposal: Proposal, member: Member, acting: Member, now: datetime) -> None:
    if not Proposal.objects.filter(pk=proposal.pk, state="proposed").update(state="done"):
        raise Refused("It was withdrawn.", "Reload and look again.", code="move_not_open")
    was, member.role, member.department = member.role, proposal.role, proposal.department
    member.granted_rights, member.is_active = proposal.granted_rights, True
    member.save(update_fields=["role", "department", "granted_rights", "is_active"])
    details = {"proposal": proposal.pk, "rights": member.granted_rights, "department": member.department}
    subject = f"member {member.username}"
    audit("change_role", subject=subject, acting=acting, now=now, was=was, becomes=member.role, details=details)


def _content(proposal: Proposal) -> str:
    return content_hash(
        [proposal.username, proposal.role, proposal.department, proposal.granted_rights, proposal.member_id, proposal.pk]
    )


def _invitation(secret: str, address: str, now: datetime) -> Proposal:
    found = Proposal.objects.select_related("proposed_by").filter(secret_hash=_hash(secret)).exclude(secret_hash="").first()
    if found is None:
        refuse_guesses(address, now=now)
        count_guess(address, now=now)
    if found is None or found.state != "proposed" or found.expires_at <= now:
        raise Refused("This invitation does not work.", "Ask to be invited anew.", code="bad_invitation")
    return found


def _seen(proposal: Proposal, now: datetime) -> ProposalSeen:
    return ProposalSeen(
        id=proposal.pk,
        username=proposal.username,
        display_name=proposal.display_name,
        role=proposal.role,
        department=proposal.department,
        granted_rights=tuple(proposal.granted_rights),
        is_new=proposal.member_id is None,
        is_approved=approvals.is_approved(KIND, proposal.pk, _content(proposal), now=now),
        proposed_by=proposal.proposed_by.display_name,
        proposed_at=proposal.proposed_at,
        expires_at=proposal.expires_at,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
