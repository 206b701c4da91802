"""Taking due messages up and putting down what came of them: every write that dispatching makes.

A batch is leased under a number drawn for it. Whoever was overtaken (a worker that hung for a minute) holds an old number, and writes
nothing. A lease that ran out is due again by itself.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import connection, models, transaction
from django.db.models import F, Q, QuerySet

from springtide.operations.delivery import states
from springtide.operations.delivery.connectors import Connector, Outcome
from springtide.operations.delivery.models import ConnectorState, InboxItem, Message
from springtide.operations.inserting import insert_many

Row = TypeVar("Row", bound=models.Model)

BURST_SECONDS: Final = 1.0  # how much of its rate a connector that was idle may send at once
COLUMNS: Final = (
    *("id", "key", "user_id", "channel", "message_class", "template", "template_version", "language", "variables"),
    *("campaign", "step", "carries_money", "tries"),
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is due, as the checks before sending see it."""

    id: int
    key: str
    user_id: str
    channel: str
    message_class: str
    template: str
    template_version: int
    language: str
    variables: Mapping[str, Any]
    campaign: str
    step: str
    carries_money: bool
    tries: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a message. `due_at` stands with those that wait on; `failed`: a try that counts."""

    state: str
    reason: str = ""
    due_at: datetime | None = None
    failed: bool = False
    reference: str = ""


@dataclass(frozen=True)
class Batch:
    """Messages leased together."""

    lease: int
    messages: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class InInbox:
    """A letter that is delivered by lying in the inbox."""

    message_id: int
    user_id: str
    subject: str
    text: str


def lease(connector: Connector, *, most: int, now: datetime) -> Batch | None:
    """The messages of a connector's channel that are due, now leased: service messages first, then those that have waited longest.

    None when nothing is due, the connector is switched off or waits after a failure, or its rate is used up.

    writes    the messages: a lease. Of a connector without keys, what was under way when its worker died: `unknown`, or queued again
              where the connector's policy says so. The connector's row: what is left of its rate
    """
    with transaction.atomic():
        state = _locked(connector.name)
        if not state.is_on or (state.waits_until and now < state.waits_until <= now + states.LONGEST_WAIT):
            return None
        most = min(most, _left(state, connector, now))
        _recover(connector, now)
        found = _due(connector.channel, most, now) if most else []
        if not found:
            return None
        number = secrets.randbelow(2**62) + 1
        ids = [row[0] for row in found]
        again = [row[0] for row in found if row[-1] is not None]  # its lease ran out: it may have gone out
        if again:
            _among(again).update(resends=F("resends") + 1)
        _among(ids).update(lease=number, leased_until=now + states.LEASE)
        if connector.rate_per_second:
            ConnectorState.objects.filter(pk=state.pk).update(tokens=state.tokens - len(ids), filled_at=state.filled_at)
    return Batch(number, tuple(Outgoing(*row[:-1]) for row in found))


def begin(batch: Batch, message: Outgoing, *, now: datetime) -> bool:
    """Record that a message is about to go out on a channel that knows no keys. False when the lease is lost: do not send it."""
    held = Message.objects.filter(pk=message.id, lease=batch.lease, state__in=states.WAITING)
    return held.update(state="sending", begun_at=now) == 1


@transaction.atomic
def settle(
    batch: Batch,
    settled: Mapping[int, Settled],
    *,
    now: datetime,
    in_inbox: Sequence[InInbox] = (),
) -> int:
    """Store what became of messages of a batch, in a handful of statements; how many were still ours to write."""
    groups: dict[Settled, list[int]] = defaultdict(list)
    for message_id, each in settled.items():
        groups[each].append(message_id)
    written = 0
    if in_inbox:
        _lay_in_inbox(batch, in_inbox, now)
    for each, ids in groups.items():
        changes: dict[str, Any] = {
            "state": each.state,
            "reason": each.reason,
            "begun_at": None,
            "lease": None,
            "leased_until": None,
        }
        if each.state not in states.OPEN:
            changes["ended_at"] = now
        if each.due_at:
            changes["due_at"] = each.due_at
        if each.failed:
            changes["tries"] = F("tries") + 1
        if each.reference:
            changes["reference"] = each.reference
        written += _among(ids).filter(lease=batch.lease).update(**changes)
    return written


def give_back(batch: Batch, messages: Sequence[Outgoing]) -> None:
    """Return messages that were not sent: they are due as before."""
    held = _among([message.id for message in messages]).filter(lease=batch.lease, state__in=states.WAITING)
    held.update(lease=None, leased_until=None)


def went_well(connector: Connector, *, now: datetime) -> None:
    """Note that the connector works."""
    ConnectorState.objects.filter(name=connector.name).update(failures=0, waits_until=None, last_sent_at=now)


def went_wrong(connector: Connector, failure: Outcome, *, now: datetime, all_failed: bool) -> None:
    """Note a failure. When nothing at all went out, the connector waits: as long as the receiver asks, or longer each time."""
    with transaction.atomic():
        state = _locked(connector.name)
        changes: dict[str, Any] = {"last_failed_at": now, "error": {"code": failure.code, "message": failure.says}}
        if all_failed:
            asked = failure.wait_seconds
            wait = states.wait_after(state.failures + 1) if asked is None else timedelta(seconds=asked)
            changes |= {"failures": state.failures + 1, "waits_until": now + wait}
        ConnectorState.objects.filter(pk=state.pk).update(**changes)


def _locked(name: str) -> ConnectorState:
    state = ConnectorState.objects.select_for_update().filter(name=name).first()
    if state is None:
        ConnectorState.objects.get_or_create(name=name)
        state = ConnectorState.objects.select_for_update().get(name=name)
    return state


def _left(state: ConnectorState, connector: Connector, now: datetime) -> int:
    """How many letters the connector may send now; a bucket that fills with time. A clock that went back fills nothing."""
    rate = connector.rate_per_second
    if not rate:
        return 2**31
    size = max(1.0, rate * BURST_SECONDS)
    passed = (now - state.filled_at).total_seconds() if state.filled_at else BURST_SECONDS
    state.tokens = min(size, state.tokens + max(0.0, passed) * rate)
    state.filled_at = max(now, state.filled_at) if state.filled_at and passed > -60 else now
    return int(state.tokens)


def _recover(connector: Connector, now: datetime) -> None:
    lost = Message.objects.filter(begun_at__isnull=False, channel=connector.channel, leased_until__lt=now)
    told = {"reason": "worker_lost", "begun_at": None, "lease": None, "leased_until": None}
    if connector.is_keyed or connector.on_unknown == "resend":  # with keys it had none when these began: the settings changed
        safe = lost if connector.is_keyed else lost.filter(carries_money=False)
        safe.update(state="queued", resends=F("resends") + 1, **told)
    lost.update(state="unknown", ended_at=now, **told)


def _due(channel: str, most: int, now: datetime) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for message_class in states.CLASSES:
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        waiting = Message.objects.filter(
            free, ended_at=None, begun_at=None, channel=channel, message_class=message_class, due_at__lte=now
        ).order_by("due_at")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True)
        found += waiting.values_list(*COLUMNS, "lease")[: most - len(found)]
        if len(found) >= most:
            break
    return found


def among(rows: QuerySet[Row], column: str, values: Sequence[int] | Sequence[str]) -> QuerySet[Row]:
    """Those rows of which a column (`table.column`) has one of the values; they go as one parameter, for a thousand are slow."""
    if connection.vendor == "postgresql":
        return rows.extra(where=[f"{column} = any(%s)"], params=[list(values)])
    return rows.extra(where=[f"{column} in (select value from json_each(%s))"], params=[json.dumps(list(values))])


def _among(ids: Sequence[int]) -> QuerySet[Message]:
    return among(Message.objects.all(), "delivery_message.id", ids)


def _lay_in_inbox(batch: Batch, letters: Sequence[InInbox], now: datetime) -> None:
    ours = set(_among([each.message_id for each in letters]).filter(lease=batch.lease).values_list("pk", flat=True))
    rows = [(each.message_id, each.user_id, each.subject, each.text, now) for each in letters if each.message_id in ours]
    insert_many(InboxItem, ("message_id", "user_id", "subject", "text", "put_at"), rows, skip_known=True)
