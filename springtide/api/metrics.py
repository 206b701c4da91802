"""Metrics: every definition, and the figures by period and group, the tree, channels, what moved the assets, how much lies with how few."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from springtide.analytics import metrics
from springtide.analytics.metrics.acquisition import LEAST_USERS
from springtide.analytics.metrics.registry import METRICS
from springtide.analytics.metrics.served import MetricCatalogue, MetricTree, served
from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Day, Name, On, Range, Rule, opened
from springtide.api.users import Members, page_of, rule_open_to
from springtide.home import Home, Selection
from springtide.kernel.errors import Refused
from springtide.operations.members import states
from springtide.operations.members.models import Member

router = Router(tags=["metrics"])
OVERVIEW = Token(states.SEE_OVERVIEW)
Period = Literal["day", "week", "month"]


@router.get("/metrics", auth=OVERVIEW, response=list[answers.Definition])
def definitions_of_metrics(request: HttpRequest) -> Any:
    """Every metric with its definition: what it asks, its formula, over whom, and what empty means."""
    return [{name: getattr(metric, name) for name in answers.Definition.model_fields} for metric in METRICS]


@router.get("/metrics/served", auth=OVERVIEW, response=MetricCatalogue)
def served_metrics(request: HttpRequest) -> Any:
    """The metrics that can be asked for by period and by group, and why one of them cannot be told here."""
    with opened() as home:
        return home.metrics()


class Figures(Range):
    """Which periods, by what, of whom."""

    period: Period | None = Field(None, description="Weeks begin on Monday. Default: the shortest by which the metric is told.")
    by: Name | None = Field(None, description="A stratification, channel_id, country, language, user_type or product.")
    where: Rule | None = Field(None, description="Only users of whom this holds; for those who may list users.")
    stood: Literal["then", "now"] = Field(
        "then", description="Where users stood at the end of each period, or as of the last closed day."
    )


@router.get("/metrics/{key}/values", auth=OVERVIEW, response=metrics.MetricValues)
def metric_values(request: HttpRequest, key: Name, asked: Query[Figures]) -> Any:
    """A served metric by period, and by group: each value with its numerator and denominator."""
    with opened() as home:
        if asked.where is not None:
            _refuse_closed_rule(home, member_of(request), key, asked.where)
        return home.metric(key, **asked.dict())


def _refuse_closed_rule(home: Home, member: Member, key: str, rule: str) -> None:
    """A rule can pick a single user, whose figures are for those who may list users, and whose money for those who may see it.

    refuses    not_allowed, column_not_open, unknown_metric, and what makes a rule unreadable
    """
    is_money = any(part.is_money for part in served(key).parts)
    for right in (states.SEE_USERS, *((states.SEE_MONEY,) if is_money else ())):
        if not member.may(right):
            raise Refused(f"A rule over single users needs the right '{right}'.", "Ask by a group instead.", code="not_allowed")
    rule_open_to(home, member, rule)


class Cell(Schema):
    """One value of a metric: the days of one period, and the group where it is told by one."""

    since: Day = Field(description="First day of the period, as the value has it.")
    until: Day = Field(description="Last day of the period, as the value has it.")
    period: Period | None = Field(None, description="Default: the shortest by which the metric is told.")
    by: Name | None = Field(None, description="A stratification, channel_id, country, language, user_type or product.")
    group: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    where: Rule | None = Field(None, description="Only users of whom this holds.")
    stood: Literal["then", "now"] = "then"
    side: Literal["numerator", "denominator"] = "numerator"


@router.get("/metrics/{key}/users", auth=Token(states.SEE_USERS), response=answers.Users)
def users_of_a_metric(request: HttpRequest, key: Name, cell: Query[Cell], page: Query[Members]) -> Any:
    """The users behind one value of a metric: as many as it counts, or those who added to it."""
    member = member_of(request)
    with opened() as home:
        if cell.where is not None:
            _refuse_closed_rule(home, member, key, cell.where)
        found = Selection(chosen=home.metric_users(key, **cell.dict()).user_nos)
        return page_of(home, member, found, columns=page.columns, limit=page.limit, offset=page.offset)


class Tree(Schema):
    """The tree of which period."""

    period: Period = Field("week", description="Weeks begin on Monday.")
    on: Day | None = Field(None, description="A day of the period. Default: the last closed one.")


@router.get("/metrics/{key}/tree", auth=OVERVIEW, response=MetricTree)
def metric_tree(request: HttpRequest, key: Name, asked: Query[Tree]) -> Any:
    """What a metric is the sum or the product of, down to the last; the parts give the whole exactly."""
    with opened() as home:
        return home.metric_tree(key, period=asked.period, on=asked.on)


class Cohort(Range):
    """Users registered on which days."""

    least_users: Annotated[int, Field(ge=1, le=1_000_000)] = Field(LEAST_USERS, description="Users that a rank needs.")


@router.get("/acquisition", auth=OVERVIEW, response=metrics.Acquisition)
def acquisition(request: HttpRequest, asked: Query[Cohort]) -> Any:
    """Channels ranked by what their users brought in 30 days, with likely ranges, what they cost, and how many were kept."""
    with opened() as home:
        return home.acquisition(**asked.dict())


class Cohorts(Range):
    """First trades in which weeks, of whom."""

    channel_id: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(None, description="Default: all channels.")


@router.get("/acquisition/cohorts", auth=OVERVIEW, response=metrics.CohortQuality)
def cohort_quality(request: HttpRequest, asked: Query[Cohorts]) -> Any:
    """Of those who first traded in a week, who came back in one of the eight weeks after; 26 weeks if nothing is said."""
    with opened() as home:
        return home.cohort_quality(**asked.dict())


@router.get("/asset-changes", auth=OVERVIEW, response=metrics.AssetChanges)
def asset_changes(request: HttpRequest, days: Query[Range], period: Period = "week") -> Any:
    """What moved the assets by period: net deposits, prices, trading, fees, rewards and the rest, which add up to the change."""
    with opened() as home:
        return home.asset_changes(period=period, since=days.since, until=days.until)


@router.get("/concentration", auth=OVERVIEW, response=metrics.Concentration)
def concentration(request: HttpRequest, on: Query[On]) -> Any:
    """How much of assets, volume and revenue lies with how few."""
    with opened() as home:
        return home.concentration(on.on)


@router.get("/concentration/days", auth=OVERVIEW, response=metrics.ConcentrationTrend)
def concentration_trend(request: HttpRequest, days: Query[Range]) -> Any:
    """How concentration grew and shrank over the days whose snapshots are kept."""
    with opened() as home:
        return home.concentration_trend(since=days.since, until=days.until)
