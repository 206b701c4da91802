"""Messages: the inbox that the exchange's app shows, what receivers tell of letters, consent, templates, and how connectors are."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from springtide.api.bearer import Token, member_of
from springtide.api.users import UserId
from springtide.kernel import clock
from springtide.kernel.errors import BadInput
from springtide.operations.definitions import reads as definitions
from springtide.operations.delivery import actions, reads, templates
from springtide.operations.delivery.settings import Delivery, read_delivery
from springtide.operations.delivery.signing import verify
from springtide.operations.members import states

router = Router(tags=["delivery"])
DELIVERY = Token(states.EDIT_DELIVERY)
TEMPLATES = Token(states.SEE_CAMPAIGNS)


def _written(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError("a time is written as 2026-03-31T12:00:00Z")
    return value


MessageKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
TemplateKey = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*$", examples=["welcome"])]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written), Field(examples=["2026-03-31T12:00:00Z"])]
Channel = Literal["email", "push", "sms", "chat", "inbox"]


# --- the inbox


class Letter(Schema):
    """A letter in a user's inbox."""

    number: int = Field(description="Grows; the last one seen goes into `after` of the next request.")
    key: str
    subject: str
    text: str
    put_at: datetime
    read_at: datetime | None


class After(Schema):
    """Which of the letters."""

    after: Annotated[int, Field(ge=0, le=2**63 - 1, description="The number of the last letter that is known already.")] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("/inbox/{user_id}", auth=DELIVERY, response=list[Letter])
def inbox(request: HttpRequest, user_id: UserId, page: Query[After]) -> Any:
    """The letters of a user that are newer than one, the oldest first."""
    return list(reads.inbox(user_id, after=page.after, count=page.limit))


class Read(BaseModel, extra="forbid"):
    """Letters that a user has read."""

    keys: Annotated[list[MessageKey], Field(min_length=1, max_length=200)]


class HowMany(Schema):
    """How many it changed."""

    changed: int


@router.post("/inbox/{user_id}/read", auth=DELIVERY, response=HowMany)
def read_letters(request: HttpRequest, user_id: UserId, read: Read) -> Any:
    """Note that a user has read letters; each counts as opened. Told again, it changes nothing."""
    return {"changed": actions.read_inbox(user_id, read.keys, now=clock.now())}


# --- receipts


class Receipt(BaseModel, extra="forbid"):
    """What became of a letter that was taken."""

    key: MessageKey
    outcome: Literal["delivered", "opened", "clicked", "bounced", "unsubscribed"]
    at: Instant


class Receipts(BaseModel, extra="forbid"):
    """Receipts of up to a thousand letters."""

    receipts: Annotated[list[Receipt], Field(min_length=1, max_length=1000)]


class Received(Schema):
    """What of it was new."""

    new: int
    known: int = Field(description="Told before.")
    unknown: list[str] = Field(description="Keys of which nothing was ever sent.")


@router.post("/receipts", auth=DELIVERY, response=Received)
def receive(request: HttpRequest, told: Receipts) -> Any:
    """Tell what became of letters, with a token. Told again, it changes nothing."""
    return _receive(told, source=f"token of {member_of(request).username}")


@router.post("/receipts/{connector}", auth=None, response=Received)
def receive_signed(request: HttpRequest, connector: Annotated[str, Field(max_length=64)]) -> Any:
    """Tell what became of letters, signed as Standard Webhooks says, with a secret of the connector and no token.

    The body is that of `/receipts`. A call of more than five minutes ago is refused.
    """
    keys = _delivery().receipt_keys.get(connector, ())
    verify(keys, {name.lower(): value for name, value in request.headers.items()}, request.body, now=clock.now())
    try:
        told = Receipts.model_validate_json(request.body)
    except ValidationError as bad:
        first = bad.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{where or 'The body'}: {first['msg']}.", "See /api/v1/docs.", code="bad_request") from bad
    return _receive(told, source=connector)


# --- consent


class Consent(BaseModel, extra="forbid"):
    """Whether a user wants marketing on a channel; without a channel: on any."""

    user_id: UserId
    channel: Channel | None = None
    is_withdrawn: StrictBool


@router.post("/consent", auth=DELIVERY, response=HowMany)
def consent(request: HttpRequest, told: Consent) -> Any:
    """Withdraw a user's consent to marketing, or give it back. Service messages reach them all the same."""
    move = actions.withdraw_consent if told.is_withdrawn else actions.restore_consent
    changed = move(told.user_id, told.channel or "", source="exchange", acting=member_of(request), now=clock.now())
    return {"changed": int(changed)}


class Withdrawn(Schema):
    """A user who unsubscribed here."""

    number: int
    user_id: str
    channel: str = Field(description="Empty: all channels.")
    source: str
    at: datetime


@router.get("/consent/withdrawn", auth=DELIVERY, response=list[Withdrawn])
def withdrawn(request: HttpRequest, page: Query[After]) -> Any:
    """Who unsubscribed, so that the exchange can note it too; those after a number, the oldest first."""
    return list(reads.withdrawals(after=page.after, count=page.limit))


# --- templates


class Template(Schema):
    """A template in force, or one of its versions."""

    key: str
    version: int
    title: str
    content_hash: str
    fallback: str
    languages: list[str]
    needed: list[str] = Field(description="Variables without which it refuses a message.")


class Rendered(Schema):
    """A message as its user reads it."""

    language: str
    subject: str
    text: str
    html: str


class Which(Schema):
    """Which version; by default the one in force."""

    version: Version | None = None


@router.get("/templates", auth=TEMPLATES, response=list[Template])
def templates_in_force(request: HttpRequest) -> Any:
    """Every template in force."""
    return [_told(seen) for seen in definitions.definitions(templates.KIND, member_of(request))]


@router.get("/templates/{key}", auth=TEMPLATES, response=Template)
def template(request: HttpRequest, key: TemplateKey, which: Query[Which]) -> Any:
    """One template."""
    return _told(definitions.definition(templates.KIND, key, member_of(request), version=which.version))


class Preview(BaseModel, extra="forbid"):
    """What a preview is made of; where a value is not given, the template's example stands."""

    language: Annotated[str, Field(max_length=35)] = "en"
    variables: Annotated[dict[str, StrictBool | StrictInt | StrictFloat | StrictStr], Field(max_length=100)] = {}
    version: Version | None = None


@router.post("/templates/{key}/preview", auth=TEMPLATES, response=Rendered)
def preview(request: HttpRequest, key: TemplateKey, asked: Preview) -> Any:
    """What a user would read."""
    seen = definitions.definition(templates.KIND, key, member_of(request), version=asked.version)
    return templates.preview(templates.of_body(key, seen.body), asked.language, asked.variables)


# --- connectors


class Connector(Schema):
    """A way out, and how it is."""

    name: str
    kind: str
    channel: str
    health: str = Field(description="well, idle, waiting (after a failure), failing or off")
    is_keyed: bool = Field(description="Its receiver honours keys, so that a letter may be sent again.")
    waiting: int
    due: int
    longest_wait_seconds: int
    sent: int = Field(description="In the last 24 hours, as the three below.")
    failed: int
    unknown: int
    resends: int
    last_sent_at: datetime | None
    last_failed_at: datetime | None
    waits_until: datetime | None
    error: dict[str, str]


@router.get("/connectors", auth=Token(states.SEE_SCHEDULES), response=list[Connector])
def connectors(request: HttpRequest) -> Any:
    """How every connector is."""
    now = clock.now()
    return list(reads.health(_delivery().connectors, since=now - timedelta(hours=24), now=now))


class Switch(BaseModel, extra="forbid"):
    """On or off."""

    is_on: StrictBool


@router.post("/connectors/{name}", auth=DELIVERY, response=HowMany)
def switch(request: HttpRequest, name: Annotated[str, Field(max_length=64)], told: Switch) -> Any:
    """Let a connector send, or stop it; its messages wait."""
    _delivery().connector(name)
    changed = actions.switch_connector(name, is_on=told.is_on, acting=member_of(request), now=clock.now())
    return {"changed": int(changed)}


def _delivery() -> Delivery:
    return read_delivery(Path(settings.SPRINGTIDE_HOME))


def _receive(told: Receipts, *, source: str) -> Any:
    receipts = [actions.NewReceipt(each.key, each.outcome, each.at) for each in told.receipts]
    return actions.receive(receipts, source=source, now=clock.now())


def _told(seen: definitions.DefinitionSeen) -> dict[str, Any]:
    made = templates.of_body(seen.key, seen.body)
    return {
        "key": seen.key,
        "version": seen.version,
        "title": seen.title,
        "content_hash": seen.content_hash,
        "fallback": made.fallback,
        "languages": list(made.texts),
        "needed": list(templates.needed(made)),
    }
