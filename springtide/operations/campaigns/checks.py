"""What a campaign names must be there: columns, segments, strata, metrics, hours. Asked before anything is saved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from springtide.analytics.decisions import Policy, read_policy, shipped_policy_content
from springtide.analytics.metrics import served
from springtide.home import Home
from springtide.home.definitions import published
from springtide.kernel.errors import UnknownName, suggest
from springtide.operations.campaigns.definition import Definition
from springtide.operations.campaigns.given import BadCampaign
from springtide.operations.jobs.schedules import slots_after
from springtide.operations.members.models import Member

POLICY: Final = "campaign_policy"


def home() -> Home:
    """The home whose users are addressed."""
    return Home(Path(settings.SPRINGTIDE_HOME))


def policy_content_in_force() -> dict[str, Any]:
    """The house's rules for every campaign as they are written: its own, or those that ship."""
    own = published(Path(settings.SPRINGTIDE_HOME), POLICY).get("campaigns")
    return {"version": own.version, **own.body} if own else shipped_policy_content()


def policy_in_force() -> Policy:
    """The house's rules for every campaign."""
    return read_policy(policy_content_in_force())


def check(definition: Definition, *, now: datetime) -> tuple[str, ...]:
    """The columns of single users by which it picks them.

    refuses    unknown_column, unknown_segment, bad_rule …   a text that the home does not understand
               unknown_name      a stratification, a stratum, a segment or a metric that nothing has
               bad_cron          the hours of its schedule
               too_little_holdout    less than the house keeps, without a word why
               unknown_member    a beneficiary who is no member
    """
    asked = home()
    policy = policy_in_force()
    if definition.holdout_ratio < policy.least_holdout_ratio and not definition.no_holdout_because:
        raise BadCampaign(
            f"The holdout is {definition.holdout_ratio:.0%}; the house keeps {policy.least_holdout_ratio:.0%} at least.",
            "Raise holdout_ratio, or say why in no_holdout_because.",
            code="too_little_holdout",
        )
    goal = definition.goal.rule if definition.goal else ""
    texts = [definition.audience.rule, goal, *(step.rule for step in definition.steps)]
    columns = dict.fromkeys(column for text in texts if text for column in asked.columns_asked(text))
    _check_move(definition, asked)
    if definition.entry.cron:
        slots_after(definition.entry.cron, definition.entry.zone, now)
    if definition.measure:
        for key in (definition.measure.primary, *definition.measure.guardrails):
            served.served(key)
    for username in definition.beneficiaries:
        if not Member.objects.filter(username=username).exists():
            names = Member.objects.values_list("username", flat=True)
            raise UnknownName(f"There is no member '{username}'.", suggest(username, names), code="unknown_member")
    return tuple(columns)


def _check_move(definition: Definition, asked: Home) -> None:
    moved = definition.audience.moved
    if moved is None:
        return
    if moved.stratification is None:
        segments = asked.named().by_key
        if moved.into not in segments:
            raise UnknownName(f"There is no segment '{moved.into}'.", suggest(moved.into, segments), code="unknown_segment")
        return
    strata = {each.key: [one.name for one in each.strata] for each in asked.stratifications()}
    if moved.stratification not in strata:
        raise UnknownName(f"There is no stratification '{moved.stratification}'.", suggest(moved.stratification, strata))
    for stratum in filter(None, (moved.into, moved.out_of)):
        if stratum not in strata[moved.stratification]:
            raise UnknownName(
                f"'{moved.stratification}' has no stratum '{stratum}'.", suggest(stratum, strata[moved.stratification])
            )
