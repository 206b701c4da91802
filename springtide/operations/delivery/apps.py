"""The Django app of delivery."""

from __future__ import annotations

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "springtide.operations.delivery"
    label = "delivery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Templates are definitions; only this room can tell whether one can be rendered."""
        from springtide.operations.definitions.checks import CHECKS
        from springtide.operations.delivery.templates import check

        CHECKS["message_template"] = check
