"""The Django app of the statements."""

from __future__ import annotations

from django.apps import AppConfig


class StatementsConfig(AppConfig):
    name = "springtide.operations.statements"
    label = "statements"
    default_auto_field = "django.db.models.BigAutoField"
