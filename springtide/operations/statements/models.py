"""The table of the statements room."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.statements import states


class StatementRun(models.Model):
    """One statement that one member ran. Its rows are no business of this database: they lie in the home for a day."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    rights: models.JSONField[Any, Any] = models.JSONField(default=list)  # which columns were open to it: money, personal, risk
    state = models.CharField(max_length=16, default="running", choices=[(key, key) for key in states.STATES])
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(null=True)
    has_more = models.BooleanField(default=False)
    left_out: models.JSONField[Any, Any] = models.JSONField(default=list)  # columns of its tables that the member may not see
    error: models.JSONField[Any, Any] = models.JSONField(default=dict)  # code, message, hint

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["member", "-began_at"], name="statements_of_a_member")]

    def __str__(self) -> str:
        return f"statement {self.pk}"
