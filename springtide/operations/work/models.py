"""Tables of the work with users. A user is named by the exchange's id, as text: users live in the lake."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.work import states


class Assignment(models.Model):
    """A user is looked after by a member, until it ends. One member at a time."""

    user_id = models.CharField(max_length=200)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user_id"], condition=models.Q(ended_at=None), name="one_member_per_user")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["member", "ended_at"], name="work_of_a_member")]


class Note(models.Model):
    """What a member wrote about a user. It is withdrawn, never changed."""

    user_id = models.CharField(max_length=200, db_index=True)
    text = models.TextField(max_length=states.LONGEST_NOTE)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)


class Contact(models.Model):
    """Somebody of the team spoke with a user, or tried to. Calls and chats count towards the caps of campaigns."""

    user_id = models.CharField(max_length=200)
    channel = models.CharField(max_length=16, choices=[(key, key) for key in states.CHANNELS])
    outcome = models.CharField(max_length=16, choices=[(key, key) for key in states.OUTCOMES])
    text = models.TextField(max_length=states.LONGEST_NOTE, blank=True)
    happened_at = models.DateTimeField()
    logged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    logged_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user_id", "happened_at"], name="contacts_of_a_user")]


class Tag(models.Model):
    """A word that a user carries; those who carry it are a segment."""

    user_id = models.CharField(max_length=200)
    tag = models.CharField(max_length=63)
    put_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    put_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user_id", "tag"], name="a_tag_once_a_user")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["tag"], name="users_of_a_tag")]


class Item(models.Model):
    """A piece of work with a user: what, for whom, by when, and what asked for it. One of an origin, user and type is open at a time."""

    origin = models.CharField(max_length=80)
    key = models.CharField(max_length=64, unique=True)  # what asked for it: the same thing asks once
    user_id = models.CharField(max_length=200)
    type = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    queue = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=16, default="new", choices=[(key, key) for key in states.ITEM_STATES])
    note = models.CharField(max_length=400, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["origin", "user_id", "type"],
                condition=models.Q(state__in=states.ITEM_OPEN),
                name="one_open_item_per_origin_user_and_type",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "due_at"], name="items_by_due")]
