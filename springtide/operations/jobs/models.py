"""The tables of the jobs room."""

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


class Schedule(models.Model):
    """Work that is asked for again and again, at the moments that a cron line names in a zone."""

    key = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=64)
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)
    cron = models.CharField(max_length=120)
    zone = models.CharField(max_length=64)
    is_on = models.BooleanField(default=True)
    seen_through = models.DateTimeField()  # slots up to here were asked for or missed; moved by compare-and-set


class Slot(models.Model):
    """One moment of a schedule, and the job that it asked for; without one it was missed."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="slots")
    at = models.DateTimeField()
    seen_at = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["schedule", "at"], name="one_row_per_slot")
        ]
