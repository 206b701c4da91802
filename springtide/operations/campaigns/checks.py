"""What a campaign names must be there: columns, segments, strata, metrics, hours. Asked before anything is saved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings

from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.metrics import served
from springtide.home import Home
from springtide.kernel.errors import UnknownName, suggest
from springtide.operations.campaigns.candidates import known_variables
from springtide.operations.campaigns.definition import Definition
from springtide.operations.campaigns.given import BadCampaign
from springtide.operations.campaigns.offers import offer_hashes
from springtide.operations.campaigns.policy import policy_in_force
from springtide.operations.delivery import templates
from springtide.operations.delivery.states import CHANNELS
from springtide.operations.jobs.schedules import slots_after
from springtide.operations.members.models import Member
from springtide.operations.rewards.models import Budget


def home() -> Home:
    """The home whose users are addressed."""
    return Home(Path(settings.SPRINGTIDE_HOME))


def check(key: str, definition: Definition, *, now: datetime) -> tuple[str, ...]:
    """The columns of single users by which it picks them.

    refuses    unknown_column, unknown_segment, bad_rule …   a text that the home does not understand
               unknown_name      a stratification, a stratum, a segment or a metric that nothing has
               bad_cron          the hours of its schedule
               unknown_channel, unknown_template, unknown_variable    what its messages are made of
               unknown_kind, unknown_term, bad_term, unknown_budget, unknown_instrument    what its offers are
               too_little_holdout    less than the house keeps, without a word why
               unknown_member    a beneficiary who is no member
    """
    asked = home()
    policy = policy_in_force(asked.path)
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
    _check_messages(definition)
    _check_offers(key, definition)
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


def _check_messages(definition: Definition) -> None:
    known = known_variables()
    for step in definition.steps:
        if step.do == "message" and step.channel not in CHANNELS:
            raise UnknownName(
                f"Step '{step.key}' writes on '{step.channel}'.", suggest(step.channel, CHANNELS), code="unknown_channel"
            )
        for template in (step.templates or {}).values():
            read = templates.read(template, definition.template_versions.get(template))
            for name in templates.needed(read):
                if name not in known:
                    raise UnknownName(
                        f"Template '{template}' needs '{name}', which nothing is known of.",
                        suggest(name, known),
                        code="unknown_variable",
                    )


def _check_offers(key: str, definition: Definition) -> None:
    Benefit(instrument=definition.instrument)
    offer_hashes(key, definition)
    if definition.budget_within and not Budget.objects.filter(key=definition.budget_within).exists():
        keys = Budget.objects.values_list("key", flat=True)
        message = f"There is no budget '{definition.budget_within}'."
        raise UnknownName(message, suggest(definition.budget_within, keys), code="unknown_budget")


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
