"""The Django app of the jobs."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "springtide.operations.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
