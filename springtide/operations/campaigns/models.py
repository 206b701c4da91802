"""Tables of the campaigns. Users live in the lake and are named by the exchange's id, as text."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.campaigns import states


class Campaign(models.Model):
    """A campaign or journey as it stands. What runs is a version of it."""

    key = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    body: models.JSONField[Any, Any] = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default="draft", choices=[(key, key) for key in states.STATES])
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    note = models.CharField(max_length=400, blank=True)  # why it was returned, cancelled or stopped
    ended_at = models.DateTimeField(null=True)  # when nobody entered any more

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state"], name="campaigns_by_state")]

    def __str__(self) -> str:
        return self.key


class Version(models.Model):
    """What a campaign said when it was launched: never changed. A user under way keeps the version they began with."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body: models.JSONField[Any, Any] = models.JSONField()
    content_hash = models.CharField(max_length=64)
    policy: models.JSONField[Any, Any] = models.JSONField()  # the policy in force at the launch
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    launched_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["campaign", "number"], name="one_campaign_version_per_number")
        ]
