"""The Django app of the rewards."""

from __future__ import annotations

from django.apps import AppConfig


class RewardsConfig(AppConfig):
    name = "springtide.operations.rewards"
    label = "rewards"
    default_auto_field = "django.db.models.BigAutoField"
