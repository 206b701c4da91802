"""The Django app of the campaigns."""

from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "springtide.operations.campaigns"
    label = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"
