"""Every write of the work with users. Whether a user of that id exists is asked of the lake by whoever calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from springtide.kernel.errors import Refused, suggest
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.work import states
from springtide.operations.work.models import Assignment, Contact, Note, Tag
from springtide.operations.work.reads import ties_to


@transaction.atomic
def write_note(user_id: str, text: str, *, acting: Member, now: datetime) -> Note:
    """Note something about a user.

    writes     one note; one audit row
    refuses    not_allowed    `acting` does not work with this user
               bad_note       nothing was written, or too much
    """
    _refuse_stranger(acting, user_id)
    note = Note.objects.create(user_id=user_id, text=_note(text), written_by=acting, written_at=now)
    audit("write_note", subject=f"user {user_id}", acting=acting, now=now, details={"note": note.pk})
    return note


@transaction.atomic
def withdraw_note(note: Note, *, acting: Member, now: datetime) -> None:
    """Take a note back: one's own, or anybody's for who manages the team's work.

    writes     note.withdrawn_at; one audit row
    refuses    not_allowed      `acting` neither wrote it nor manages the work
               moved_already    it is withdrawn already
    """
    if acting != note.written_by and not acting.may(rights.ASSIGN_TASKS):
        raise Refused("Somebody else wrote this note.", "Ask them, or a manager, to withdraw it.", code="not_allowed")
    if not Note.objects.filter(pk=note.pk, withdrawn_at=None).update(withdrawn_at=now):
        raise Refused("This note is withdrawn already.", "Reload the page.", code="moved_already")
    note.withdrawn_at = now
    audit("withdraw_note", subject=f"user {note.user_id}", acting=acting, now=now, details={"note": note.pk})


@transaction.atomic
def log_contact(
    user_id: str,
    *,
    channel: str,
    outcome: str,
    text: str = "",
    happened_at: datetime | None = None,
    acting: Member,
    now: datetime,
) -> Contact:
    """Say that a user was called or written to, and how it went.

    writes     one contact; one audit row
    refuses    not_allowed       `acting` does not work with this user
               unknown_channel, unknown_outcome
               bad_time          it has not happened yet
               bad_note          too much was written
    """
    _refuse_stranger(acting, user_id)
    for name, value, allowed in (("channel", channel, states.CHANNELS), ("outcome", outcome, states.OUTCOMES)):
        if value not in allowed:
            raise Refused(f"There is no {name} '{value}'.", suggest(value, allowed), code=f"unknown_{name}")
    if happened_at is not None and happened_at > now:
        raise Refused(f"A contact at {happened_at:%Y-%m-%d %H:%M} has not happened yet.", "Say when it was.", code="bad_time")
    contact = Contact.objects.create(
        user_id=user_id,
        channel=channel,
        outcome=outcome,
        text=_note(text) if text.strip() else "",
        happened_at=happened_at or now,
        logged_by=acting,
        logged_at=now,
    )
    audit("log_contact", subject=f"user {user_id}", acting=acting, now=now, details={"channel": channel, "outcome": outcome})
    return contact


@transaction.atomic
def tag_users(user_ids: Iterable[str], tag: str, *, acting: Member, now: datetime) -> int:
    """Put a tag on users; who carries it already keeps it. Returns how many it is new to.

    writes     tags; one audit row
    refuses    not_allowed       `acting` does not work with one of the users
               bad_tag           not a word of a-z, 0-9, dash and underscore
               too_many_users
    """
    if not states.TAG.fullmatch(tag):
        raise Refused(f"'{tag}' cannot be a tag.", "Use up to 63 of a-z, 0-9, dash and underscore.", code="bad_tag")
    users = _users(user_ids, acting)
    has = set(Tag.objects.filter(tag=tag).values_list("user_id", flat=True))
    new = [Tag(user_id=user, tag=tag, put_by=acting, put_at=now) for user in users if user not in has]
    Tag.objects.bulk_create(new, ignore_conflicts=True, batch_size=5000)
    audit("tag_users", subject=f"tag {tag}", acting=acting, now=now, details={"users": len(users), "new": len(new)})
    return len(new)


@transaction.atomic
def untag_users(user_ids: Iterable[str], tag: str, *, acting: Member, now: datetime) -> int:
    """Take a tag from users. Returns how many carried it.

    writes     tags; one audit row
    refuses    not_allowed, too_many_users
    """
    users = _users(user_ids, acting)
    gone = sum(
        Tag.objects.filter(tag=tag, user_id__in=users[start : start + 500]).delete()[0] for start in range(0, len(users), 500)
    )
    audit("untag_users", subject=f"tag {tag}", acting=acting, now=now, details={"users": len(users), "gone": gone})
    return gone


@transaction.atomic
def assign_users(user_ids: Iterable[str], to: Member | None, *, acting: Member, now: datetime) -> int:
    """Give users into the care of a member, or of nobody. Returns how many changed hands.

    writes     assignments; one audit row
    refuses    not_allowed     `acting` may not hand out work
               cannot_work     `to` does not work with users
               too_many_users
    """
    if not acting.may(rights.ASSIGN_TASKS):
        raise Refused("You may not hand out users.", "Ask a manager.", code="not_allowed")
    if to is not None and not to.may_some(rights.WORK_USERS):
        raise Refused(f"{to.display_name} does not work with users.", "Choose an operator or a manager.", code="cannot_work")
    users = states.users_named(user_ids)
    _refuse_many(users)
    changed = 0
    for start in range(0, len(users), 500):
        some = users[start : start + 500]
        open_now = Assignment.objects.filter(user_id__in=some, ended_at=None)
        kept = set(open_now.filter(member=to).values_list("user_id", flat=True)) if to else set()
        ended = open_now.exclude(user_id__in=kept).update(ended_at=now)
        given = (
            [Assignment(user_id=user, member=to, assigned_by=acting, assigned_at=now) for user in some if user not in kept]
            if to
            else []
        )
        Assignment.objects.bulk_create(given)
        changed += len(given) if to else ended
    subject = f"member {to.username}" if to else "nobody"
    audit("assign_users", subject=subject, acting=acting, now=now, details={"users": len(users), "changed": changed})
    return changed


def _users(user_ids: Iterable[str], acting: Member) -> list[str]:
    users = states.users_named(user_ids)
    _refuse_many(users)
    if not acting.may(rights.WORK_USERS):
        for user in users:
            _refuse_stranger(acting, user)
    return users


def _refuse_many(users: list[str]) -> None:
    if len(users) > states.MOST_USERS:
        raise Refused(
            f"{len(users):,} users are too many for one go.", f"At most {states.MOST_USERS:,} at a time.", code="too_many_users"
        )


def _refuse_stranger(acting: Member, user_id: str) -> None:
    if not acting.may(rights.WORK_USERS, *ties_to(acting, user_id)):
        raise Refused("This user is not in your care.", "Ask a manager to give the user to you.", code="not_allowed")


def _note(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= states.LONGEST_NOTE:
        raise Refused(
            "There is nothing in this note." if not text else f"This note has {len(text):,} characters.",
            f"Write up to {states.LONGEST_NOTE:,} characters.",
            code="bad_note",
        )
    return text
