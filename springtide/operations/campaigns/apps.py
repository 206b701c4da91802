"""The Django app of the campaigns."""

from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "springtide.operations.campaigns"
    label = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The house's rules for campaigns are a definition; only this room can tell whether they can be read."""
        from springtide.operations.definitions.states import CHECKS_ABOVE, Body

        def check(key: str, body: Body) -> None:
            from springtide.operations.campaigns.policy import check_policy  # engines are not every command's business

            check_policy(key, body)

        CHECKS_ABOVE["campaign_policy"] = check
