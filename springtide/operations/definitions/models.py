"""The table of the definitions room."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.definitions import states


class Definition(models.Model):
    """One version of something that people edit on screen. A key has one open draft and one version in force at a time."""

    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body: models.JSONField[Any, Any] = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default="draft", choices=[(key, key) for key in states.STATES])
    # Null where somebody at the machine's own command line did it.
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)  # published, returned, retired or dropped
    note = models.CharField(max_length=400, blank=True)  # why it was returned

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "key", "version"], name="one_definition_per_version"),
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(state__in=states.OPEN), name="one_open_draft_per_definition"
            ),
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(state="published"), name="one_version_in_force_per_definition"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} version {self.version}"
