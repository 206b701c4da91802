"""Tables of risk control. A user is named by the exchange's id, as text: users live in the lake."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.risk import states


class Flag(models.Model):
    """A restriction of a user that holds at once, from `begins_at` up to `ends_at`, until it is lifted."""

    user_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=[(key, key) for key in states.FLAGS])
    source = models.CharField(max_length=40)  # the system, or `member`
    note = models.CharField(max_length=400, blank=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user_id", "kind", "source"], condition=models.Q(lifted_at=None), name="one_standing_flag_per_source"
            )
        ]


class Case(models.Model):
    """Something for risk control to decide: a review that a gate asked for, of a user or a whole cluster; or a user's appeal."""

    kind = models.CharField(max_length=8, choices=[(key, key) for key in states.CASE_KINDS])
    subject = models.CharField(max_length=220)  # `user u17`, or `cluster 4`
    codes: models.JSONField[Any, Any] = models.JSONField(default=list)  # the reasons it is about
    is_hold = models.BooleanField(default=False)
    origin = models.CharField(max_length=120, blank=True)  # the campaign that met it
    text = models.TextField(max_length=states.LONGEST_TEXT, blank=True)  # an appeal, in the user's words
    evidence: models.JSONField[Any, Any] = models.JSONField(default=dict)  # column → value, as it was seen then
    state = models.CharField(max_length=12, default="open", choices=[(key, key) for key in states.CASE_STATES])
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    says = models.CharField(max_length=8, blank=True, choices=[(key, key) for key in states.SAYS])
    note = models.CharField(max_length=400, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(state="open"), name="one_open_case_per_subject"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "opened_at"], name="queue_by_age")]


class Party(models.Model):
    """A user whom a case is about."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="parties")
    user_id = models.CharField(max_length=200, db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case", "user_id"], name="once_in_a_case")
        ]


class Decision(models.Model):
    """What a person said of one reason of one user: it is cleared, or (code `decided`) the user is denied. It stands up to `until`."""

    user_id = models.CharField(max_length=200)
    code = models.CharField(max_length=40)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    until = models.DateTimeField()
    is_over = models.BooleanField(default=False)  # another one came after it

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user_id", "code"], condition=models.Q(is_over=False), name="one_standing_decision_per_reason"
            )
        ]
