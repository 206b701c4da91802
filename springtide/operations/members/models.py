"""Tables of the members room."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from springtide.operations.members import states


class MemberManager(BaseUserManager["Member"]):
    """Finds members by name; Django's authentication asks for no more. Members are made by `actions.create_member`."""


class Member(AbstractBaseUser):
    """Somebody who signs in to Springtide. A customer of the exchange is a *user* and never stands here."""

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=120)
    language = models.CharField(max_length=16, default="en", choices=[(key, key) for key in states.LANGUAGES])
    role = models.CharField(max_length=32, choices=[(key, key) for key in states.ROLES])
    granted_rights = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name", "role"]

    def __str__(self) -> str:
        return self.username

    @property
    def rights(self) -> frozenset[str]:
        return states.rights_of(self.role, frozenset(self.granted_rights))

    def may(self, right: str) -> bool:
        """True when this member, as things stand, has `right`."""
        return self.is_active and right in self.rights


class SignInTry(models.Model):
    """Wrong passwords in a row for one key: a name from an address, a name, or an address."""

    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=64)  # a hash: names and addresses typed by strangers are not kept
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_row_per_sign_in_key")
        ]


class AuditHead(models.Model):
    """The end of the audit chain: one row, locked while a row is added, so that a cut-off tail is noticed too."""

    rows = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")


class AuditRow(models.Model):
    """One action that happened. Each row's hash covers the row before it; the database refuses change and removal."""

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    acting = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    was = models.CharField(max_length=64, blank=True)
    becomes = models.CharField(max_length=64, blank=True)
    details: models.JSONField[Any, Any] = models.JSONField(default=dict)
    hash = models.CharField(max_length=64)
