"""The Django app of the work with users."""

from __future__ import annotations

from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "springtide.operations.work"
    label = "work"
    default_auto_field = "django.db.models.BigAutoField"
