"""The Django app of delivery."""

from __future__ import annotations

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "springtide.operations.delivery"
    label = "delivery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Templates are definitions; only this room can tell whether one can be rendered."""
        from springtide.operations.definitions.states import CHECKS_ABOVE, Body

        def check(key: str, body: Body) -> None:
            from springtide.operations.delivery import templates  # Liquid is not every command's business

            templates.check(key, body)

        CHECKS_ABOVE["message_template"] = check
