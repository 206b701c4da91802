"""The table of the jobs room."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.jobs import states


class Job(models.Model):
    """One piece of work. While it is open no second one with the same key exists."""

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)
    state = models.CharField(max_length=16, default="ready", choices=[(key, key) for key in states.STATES])
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    run_after = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    tries_allowed = models.PositiveIntegerField(default=states.TRIES)
    worker = models.CharField(max_length=120, blank=True)
    fence = models.BigIntegerField(default=0)  # grows with every lease: what an older holder writes is refused
    leased_until = models.DateTimeField(null=True)
    progress: models.JSONField[Any, Any] = models.JSONField(default=dict)
    result: models.JSONField[Any, Any] = models.JSONField(default=dict)
    error: models.JSONField[Any, Any] = models.JSONField(default=dict)  # code, message, hint of the last failure
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(state__in=states.OPEN), name="one_open_job_per_key"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "run_after"], name="jobs_to_lease")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
