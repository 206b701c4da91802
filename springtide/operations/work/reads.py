"""What screens ask about the work with users."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from springtide.operations.members.models import Member
from springtide.operations.work import states
from springtide.operations.work.models import Assignment, Contact, Note, Tag


@dataclass(frozen=True)
class NoteSeen:
    """A note that stands. `is_mine`: the reader wrote it."""

    id: int
    text: str
    by: str
    at: datetime
    is_mine: bool


@dataclass(frozen=True)
class ContactSeen:
    """A call, a chat or a letter, and how it went."""

    channel: str
    outcome: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class UserWork:
    """What the team knows of one user, newest first."""

    cared_for_by: str | None
    notes: tuple[NoteSeen, ...]
    contacts: tuple[ContactSeen, ...]
    tags: tuple[str, ...]


def ties_to(member: Member, user_id: str) -> tuple[str, ...]:
    """The ties of a member to a user, as the matrix of rights calls them."""
    return states.ties(is_assigned=Assignment.objects.filter(user_id=user_id, member=member, ended_at=None).exists())


def users_of(member: Member) -> tuple[str, ...]:
    """The ids of the users in a member's care."""
    return tuple(Assignment.objects.filter(member=member, ended_at=None).order_by("user_id").values_list("user_id", flat=True))


def work_on(user_id: str, *, reader: Member) -> UserWork:
    """Notes, contacts and tags of a user. The caller has found that `reader` may see the user."""
    notes = Note.objects.filter(user_id=user_id, withdrawn_at=None).select_related("written_by").order_by("-written_at", "-pk")
    contacts = Contact.objects.filter(user_id=user_id).select_related("logged_by").order_by("-happened_at", "-pk")
    cared = Assignment.objects.filter(user_id=user_id, ended_at=None).select_related("member").first()
    return UserWork(
        cared.member.display_name if cared else None,
        tuple(
            NoteSeen(each.pk, each.text, each.written_by.display_name, each.written_at, each.written_by_id == reader.pk)
            for each in notes
        ),
        tuple(
            ContactSeen(each.channel, each.outcome, each.text, each.logged_by.display_name, each.happened_at)
            for each in contacts
        ),
        tuple(Tag.objects.filter(user_id=user_id).order_by("tag").values_list("tag", flat=True)),
    )


def outreach_since(user_ids: Collection[str], since: datetime) -> dict[str, int]:
    """User → calls and chats since then, for whom there were any: they count towards the caps."""
    counted = Contact.objects.filter(user_id__in=user_ids, channel__in=states.OUTREACH, happened_at__gte=since)
    return {row["user_id"]: row["times"] for row in counted.values("user_id").annotate(times=Count("pk"))}


def tags() -> dict[str, int]:
    """Every tag and how many users carry it."""
    return {row["tag"]: row["users"] for row in Tag.objects.values("tag").annotate(users=Count("pk")).order_by("tag")}


def carried_tags() -> Iterator[tuple[str, str]]:
    """Every tag with the id of every user who carries it: what a close reads, so that tags are segments."""
    yield from Tag.objects.values_list("tag", "user_id").iterator(chunk_size=10_000)


def tagged(tag: str) -> tuple[str, ...]:
    """The ids of the users who carry a tag."""
    return tuple(Tag.objects.filter(tag=tag).order_by("user_id").values_list("user_id", flat=True))
