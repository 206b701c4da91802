"""Every write of delivery but those of dispatching (`leasing.py`): putting messages into the outbox, and what is told of them later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from springtide.kernel.errors import Refused, suggest
from springtide.operations.delivery import states, templates
from springtide.operations.delivery.models import Message
from springtide.operations.inserting import insert_many


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as a campaign asks for it. `key`: of its decision. `template_version` None: the version now in force."""

    key: str
    user_id: str
    channel: str
    message_class: str
    template: str
    language: str
    variables: Mapping[str, Any]
    due_at: datetime
    campaign: str = ""
    step: str = ""
    carries_money: bool = False
    template_version: int | None = None


_COLUMNS = (
    *("key", "user_id", "channel", "message_class", "template", "template_version", "language", "variables"),
    *("due_at", "campaign", "step", "carries_money", "queued_at"),
)


def put(messages: Iterable[NewMessage], *, now: datetime) -> int:
    """Put messages into the outbox, in the caller's transaction; how many are new. A key that is known already is skipped.

    The audit row is the caller's, who knows what the messages are for.

    writes     messages, queued
    refuses    bad_key, unknown_channel, unknown_class, unknown_template
    """
    given = list(messages)
    for message in given:
        _refuse_bad(message)
    wanted = {(message.template, message.template_version) for message in given}
    versions = {each: templates.read(*each).version for each in sorted(wanted, key=str)}
    rows = (
        (
            *(each.key, each.user_id, each.channel, each.message_class),
            *(each.template, versions[each.template, each.template_version], each.language, each.variables),
            *(each.due_at, each.campaign, each.step, each.carries_money, now),
        )
        for each in given
    )
    return insert_many(Message, _COLUMNS, rows, skip_known=True)


def cancel(*, reason: str, now: datetime, campaign: str | None = None, keys: Collection[str] | None = None) -> int:
    """Cancel messages that have not gone out: all of a campaign, or those of some keys; how many. The audit row is the caller's.

    What a worker holds at this moment is not cancelled, for it may be gone; whoever answers `live` stops the rest of it.

    writes     messages, cancelled
    """
    waiting = Message.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), state__in=states.WAITING)
    if campaign is not None:
        waiting = waiting.filter(campaign=campaign)
    if keys is not None:
        waiting = waiting.filter(key__in=keys)
    if campaign is None and keys is None:
        raise Refused("Nothing says which messages.", "Name a campaign or keys.", code="bad_request")
    return waiting.update(state="cancelled", reason=reason, ended_at=now, lease=None, leased_until=None)


def _refuse_bad(message: NewMessage) -> None:
    if not states.KEY.fullmatch(message.key):
        raise Refused(f"'{message.key}' cannot be a key.", "Up to 64 letters, digits, dot, dash, colon.", code="bad_key")
    if message.channel not in states.CHANNELS:
        raise Refused(
            f"There is no channel '{message.channel}'.", suggest(message.channel, states.CHANNELS), code="unknown_channel"
        )
    if message.message_class not in states.CLASSES:
        raise Refused(
            f"There is no class of messages '{message.message_class}'.",
            suggest(message.message_class, states.CLASSES),
            code="unknown_class",
        )
