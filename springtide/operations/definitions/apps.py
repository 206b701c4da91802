"""The Django app of the definitions."""

from __future__ import annotations

from django.apps import AppConfig


class DefinitionsConfig(AppConfig):
    name = "springtide.operations.definitions"
    label = "definitions"
    default_auto_field = "django.db.models.BigAutoField"
