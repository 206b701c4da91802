"""Tables of the members room."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from springtide.operations.members import states


class MemberManager(BaseUserManager["Member"]):
    """Finds members by name; Django's authentication asks for no more. Members are made by `actions.create_member`."""


class Member(AbstractBaseUser):
    """Somebody who signs in to Springtide. A customer of the exchange is a *user* and never stands here."""

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=120)
    language = models.CharField(max_length=16, default="en", choices=[(key, key) for key in states.LANGUAGES])
    role = models.CharField(max_length=32, choices=[(key, key) for key in states.ROLES])
    department = models.CharField(max_length=16, blank=True, choices=[(key, key) for key in states.DEPARTMENTS])
    granted_rights = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    session_round = models.PositiveIntegerField(default=0)  # one more, and every session that began before is over
    joined_at = models.DateTimeField()

    # Set while a program speaks for the member: the rights of its token, and which token it is.
    narrowed_to: frozenset[str] | None = None
    speaks_by: int | None = None

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name", "role"]

    def __str__(self) -> str:
        return self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know to go on: a new password, or a new round, ends it."""
        told = f"{self.password}\n{self.session_round}"
        return salted_hmac("springtide.members.session", told, secret=secret, algorithm="sha256").hexdigest()

    def reach(self, right: str) -> states.Cell:
        """Of which things this member, as things stand, has `right`: `all`, `others`, ties such as `own`, or nothing."""
        if not self.is_active or (self.narrowed_to is not None and right not in self.narrowed_to):
            return frozenset()
        return states.reach(right, self.role, department=self.department, granted=self.granted_rights)

    def may(self, right: str, *ties: str) -> bool:
        """True when this member has `right` over a thing to which they have `ties` (own, team …); without ties: over any thing."""
        return states.reaches(self.reach(right), ties)

    def may_some(self, right: str) -> bool:
        """True when there may be things over which this member has `right`; which they are, the read or the action asks."""
        return bool(self.reach(right))


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


class Token(models.Model):
    """A secret with which a program speaks for a member, for fewer rights than the member has. Only its hash is kept.

    An `api` token stands in a header. A `list` token stands in an address that a spreadsheet asks again and again: it opens the
    one list that `query` names, and nothing else.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=[(key, key) for key in states.TOKEN_KINDS])
    name = models.CharField(max_length=80)
    hash = models.CharField(max_length=64, unique=True)
    rights = models.JSONField(default=list)
    query: models.JSONField[Any, Any] = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)


class Approval(models.Model):
    """A question put to those who may approve: may this thing, with exactly this content, go ahead?"""

    kind = models.CharField(max_length=32)  # what the thing is: campaign, plan, member …
    number = models.BigIntegerField()  # which one
    content_hash = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    right = models.CharField(max_length=32)  # what an approver of it needs
    quorum = models.PositiveSmallIntegerField(default=1)
    given = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=16, default="open", choices=[(key, key) for key in states.APPROVAL_STATES])
    asked_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    excluded = models.JSONField(default=list)  # ids of members who had a hand in it or gain by it

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "number", "right"],
                condition=models.Q(state__in=states.STANDING),
                name="one_standing_approval_per_thing_and_right",
            )
        ]


class Voice(models.Model):
    """What one member said to an approval."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="voices")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    says = models.CharField(max_length=8, choices=[("approve", "approve"), ("return", "return")])
    note = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["approval", "member"], name="one_voice_per_approval_and_member")
        ]


class Proposal(models.Model):
    """Somebody who shall become a member, or another role for one who is; it happens once a second person approved it."""

    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")  # null: an invitation
    username = models.CharField(max_length=64)
    display_name = models.CharField(max_length=120)
    role = models.CharField(max_length=32)
    department = models.CharField(max_length=16, blank=True)
    granted_rights = models.JSONField(default=list)
    language = models.CharField(max_length=16, default="en")
    state = models.CharField(max_length=16, default="proposed", choices=[(key, key) for key in states.PROPOSAL_STATES])
    proposed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    secret_hash = models.CharField(max_length=64, blank=True)  # of the link with which the invited come in
