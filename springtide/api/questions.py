"""Questions about behaviour, why a metric changed, signals: what an analyst asks, in the form that the console and Python speak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Query, Router, Schema
from pydantic import Field

from springtide.analytics.metrics.answer import plain
from springtide.analytics.metrics.changes import Span
from springtide.api.bearer import Token, member_of
from springtide.api.given import Day, Flag, Name, opened
from springtide.kernel.errors import Refused
from springtide.operations.members import states
from springtide.operations.members.fields import refuse_closed
from springtide.operations.members.models import Member

router = Router(tags=["questions"])
OVERVIEW = Token(states.SEE_OVERVIEW)

BY_USER = ("time_to_convert", "funnel_level", "sessions")  # kinds whose answer is one row per user
OF_USERS = {"funnel": "users", "daily_states": "states"}  # what else names users, where an answer has it
Question = Annotated[
    dict[str, Any],
    Body(
        description="A question in the form of docs/reference/questions.md: its kind, and the keys of that kind.",
        examples=[{"kind": "stickiness", "activity": {"event": "traded_spot"}, "period": "week"}],
    ),
]


@router.post("/ask", auth=OVERVIEW, response=dict[str, Any])
def ask(request: HttpRequest, question: Question) -> Any:
    """The answer to a question, over the lake's facts. What names single users is for those who may list users."""
    member = member_of(request)
    _refuse_what_is_not_open(question, member)
    with opened() as home:
        told = home.ask(question)
    if not member.may(states.SEE_USERS):
        told.pop(OF_USERS.get(str(question.get("kind")), ""), None)
    return told


def _refuse_what_is_not_open(question: Mapping[str, Any], member: Member) -> None:
    names_users = question.get("kind") in BY_USER or bool(question.get("open"))
    if names_users and not member.may(states.SEE_USERS):
        raise Refused("This answer names single users.", "Ask for totals, or for the right.", code="not_allowed")
    refuse_closed(member, _properties(question))


def _properties(part: Any) -> Iterator[str]:
    """The properties by which a question tells events or users apart; one that is only summed up tells nobody apart."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("where", "breakdown", "path_by", "token"):
                yield from _named(value)
            yield from _properties(value)
    elif isinstance(part, list):
        for each in part:
            yield from _properties(each)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.removeprefix("prop:").partition("@")[0]
    elif isinstance(value, Mapping):
        for key in ("prop", "props"):
            yield from _named(value.get(key))
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


@router.get("/events", auth=OVERVIEW, response=list[str])
def events(request: HttpRequest) -> Any:
    """The names of events that a question may speak of."""
    with opened() as home:
        return list(home.event_names())


class Periods(Schema):
    """Two periods beside each other."""

    then_since: Day = Field(description="First day of the period before.")
    then_until: Day = Field(description="Last day of the period before.")
    now_since: Day = Field(description="First day of the period that is explained.")
    now_until: Day = Field(description="Last day of the period that is explained.")
    by: Name | None = Field(
        None, description="A stratification, channel_id, country, language, user_type, product, factors, parts or flows."
    )
    movers: Flag = Field(False, description="By the strata at the end of both periods.")


@router.get("/why/{metric}", auth=OVERVIEW, response=dict[str, Any])
def why(request: HttpRequest, metric: Name, periods: Query[Periods]) -> Any:
    """Why a metric changed between two periods: contributions that add up to the change, the market and what was noted."""
    then, now = Span(periods.then_since, periods.then_until), Span(periods.now_since, periods.now_until)
    with opened() as home:
        return home.why(metric, then=then, now=now, by=periods.by, movers=periods.movers).as_dict()


class Raised(Schema):
    """Which signals."""

    metric: Name | None = None
    since: Day | None = Field(None, description="Still firing on this day or later.")
    open_only: Flag = Field(False, description="Only those without an answer.")


@router.get("/signals", auth=OVERVIEW, response=dict[str, Any])
def signals(request: HttpRequest, asked: Query[Raised]) -> Any:
    """What broke out of its usual, the newest first, with its owner and what was answered."""
    with opened() as home:
        return home.signals(**asked.dict()).as_dict()


class Shown(Schema):
    """How much of a chart."""

    group: Annotated[str, Field(max_length=200)] | None = Field(None, description="Such as channel=ads; default: all users.")
    days: Annotated[int, Field(ge=7, le=1100)] = 120


@router.get("/signals/{metric}", auth=OVERVIEW, response=dict[str, Any])
def signal_chart(request: HttpRequest, metric: Name, shown: Query[Shown]) -> Any:
    """A watched metric by day with its limits, and where a rule fired."""
    with opened() as home:
        return home.signal_chart(metric, **shown.dict()).as_dict()


class Noted(Schema):
    """Something that happened, on the days from `since` to `until`."""

    key: str
    kind: str
    title: str
    since: date
    until: date
    metrics: list[str]
    groups: list[str]
    text: str


@router.get("/annotations", auth=OVERVIEW, response=list[Noted])
def notes(request: HttpRequest) -> Any:
    """What people noted beside the numbers, and the campaigns that the exchange gave."""
    with opened() as home:
        return plain(list(home.annotations()))
