"""What screens, caps and other rooms ask about messages and connectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from springtide.kernel.errors import UnknownName
from springtide.operations.delivery import states, templates
from springtide.operations.delivery.connectors import Connector
from springtide.operations.delivery.leasing import among
from springtide.operations.delivery.models import ConnectorState, InboxItem, Message, Receipt, Withdrawal

Counts = dict[tuple[str, str], int]  # (message class, channel) → messages


def sent_counts(user_ids: Collection[str], since: datetime) -> dict[str, Counts]:
    """User → how many messages may have reached them since then, by class and channel; users without any are not in it.

    What waits in the outbox counts too, from when it was put there: it will go out.
    """
    counted = among(Message.objects.all(), "delivery_message.user_id", list(user_ids)).filter(
        queued_at__gte=since, state__in=(*states.WAITING, *states.COUNTED)
    )
    counts: dict[str, Counts] = {}
    for user, of_class, channel, times in counted.values_list("user_id", "message_class", "channel").annotate(Count("pk")):
        counts.setdefault(user, {})[of_class, channel] = times
    return counts


def counted_since(since: datetime) -> Iterator[tuple[str, str, str, datetime]]:
    """Every message that counts towards the caps since then, as (user, class, channel, when): for one pass over all users."""
    rows = Message.objects.filter(queued_at__gte=since, state__in=(*states.WAITING, *states.COUNTED))
    yield from rows.values_list("user_id", "message_class", "channel", "queued_at").iterator(chunk_size=10_000)


def withdrawn() -> Iterator[tuple[str, str]]:
    """Every user who withdrew consent, with the channel; "" for all of them."""
    yield from Withdrawal.objects.values_list("user_id", "channel").iterator(chunk_size=10_000)


@dataclass(frozen=True)
class WithdrawalSeen:
    """A user who wants no more marketing on a channel; "": on none."""

    number: int
    user_id: str
    channel: str
    source: str
    at: datetime


def withdrawals(*, after: int = 0, count: int = 50) -> tuple[WithdrawalSeen, ...]:
    """Withdrawals after one that is known already, the oldest first."""
    rows = Withdrawal.objects.filter(pk__gt=after).order_by("pk")[:count]
    return tuple(WithdrawalSeen(*row) for row in rows.values_list("pk", "user_id", "channel", "source", "at"))


@dataclass(frozen=True)
class MessageFunnel:
    """The messages of a campaign: how many in each state, why those that did not go out, and what was told of the others later."""

    states: Mapping[str, int]
    reasons: Mapping[str, int]
    outcomes: Mapping[str, int]
    resends: int

    @property
    def messages(self) -> int:
        return sum(self.states.values())


def message_funnel(campaign: str, step: str | None = None) -> MessageFunnel:
    """How the messages of a campaign, or of one of its steps, stand."""
    rows = Message.objects.filter(campaign=campaign, **({} if step is None else {"step": step}))
    by_state = dict.fromkeys(states.STATES, 0)
    by_state |= dict(rows.values_list("state").annotate(Count("pk")))
    reasons = rows.exclude(reason="").exclude(state="sent").values_list("reason").annotate(Count("pk"))
    told = Receipt.objects.filter(message__in=rows).values_list("outcome").annotate(Count("pk"))
    again = rows.filter(resends__gt=0).count()
    return MessageFunnel(by_state, dict(reasons), dict.fromkeys(states.OUTCOMES, 0) | dict(told), again)


@dataclass(frozen=True)
class MessageSeen:
    """A message as the page of a user shows it."""

    key: str
    channel: str
    message_class: str
    template: str
    template_version: int
    campaign: str
    step: str
    state: str
    reason: str
    queued_at: datetime
    due_at: datetime
    ended_at: datetime | None
    outcomes: tuple[str, ...]


def messages_to(user_id: str, *, count: int = 50) -> tuple[MessageSeen, ...]:
    """The latest messages to a user, newest first. The caller has found that the reader may see the user."""
    rows = Message.objects.filter(user_id=user_id).prefetch_related("receipts").order_by("-queued_at", "-pk")
    return tuple(_seen(row) for row in rows[:count])


def said(key: str) -> templates.Rendered:
    """What a message says, rendered again from its template and variables.

    refuses    unknown_message, and what rendering refuses
    """
    row = Message.objects.filter(key=key).first()
    if row is None:
        raise UnknownName(f"There is no message '{key}'.", "It may have been cleared away.", code="unknown_message")
    template = templates.read(row.template, row.template_version)
    return templates.render(template, row.language, row.variables)


@dataclass(frozen=True)
class InboxLetter:
    """A letter in a user's inbox. What comes after `number` is newer."""

    number: int
    key: str
    subject: str
    text: str
    put_at: datetime
    read_at: datetime | None


def inbox(user_id: str, *, after: int = 0, count: int = 50) -> tuple[InboxLetter, ...]:
    """The letters of a user's inbox after one that is known already, oldest first."""
    rows = InboxItem.objects.filter(user_id=user_id, pk__gt=after).order_by("pk")[:count]
    values = rows.values_list("pk", "message__key", "subject", "text", "put_at", "read_at")
    return tuple(InboxLetter(*row) for row in values)


@dataclass(frozen=True)
class ConnectorHealth:
    """A connector as the page of delivery shows it. `health`: well, idle, waiting (after a failure), failing or off.

    waiting, sending, unknown, failed    messages of its channel, the last two since `since`
    longest_wait_seconds                 of those that are due
    """

    name: str
    kind: str
    channel: str
    health: str
    is_keyed: bool
    rate_per_second: float | None
    on_unknown: str
    waiting: int
    due: int
    longest_wait_seconds: int
    sent: int
    failed: int
    unknown: int
    resends: int
    last_sent_at: datetime | None
    last_failed_at: datetime | None
    waits_until: datetime | None
    failures: int
    error: Mapping[str, Any]


def health(connectors: Collection[Connector], *, since: datetime, now: datetime) -> tuple[ConnectorHealth, ...]:
    """How every connector is, and what its channel has done since then."""
    rows = {row.name: row for row in ConnectorState.objects.all()}
    ended: dict[str, dict[str, int]] = defaultdict(dict)
    for channel, state, count in (
        Message.objects.filter(ended_at__gte=since).values_list("channel", "state").annotate(Count("pk"))
    ):
        ended[channel][state] = count
    is_due = Q(due_at__lte=now)
    of_open = Message.objects.filter(ended_at=None).values_list("channel")
    waits = of_open.annotate(Count("pk"), due=Count("pk", filter=is_due), oldest=Min("due_at", filter=is_due))
    waiting = {channel: told for channel, *told in waits}
    again = Message.objects.filter(resends__gt=0, queued_at__gte=since).values_list("channel").annotate(Count("pk"))
    resends = dict(again)
    found = []
    for each in connectors:
        row = rows.get(each.name) or ConnectorState(name=each.name)
        in_all, due, oldest = waiting.get(each.channel, (0, 0, None))
        found.append(
            ConnectorHealth(
                name=each.name,
                kind=type(each).__name__.lower(),
                channel=each.channel,
                health=states.health(
                    is_on=row.is_on,
                    waits=row.waits_until is not None and row.waits_until > now,
                    failures=row.failures,
                    last_sent_at=row.last_sent_at,
                    since=since,
                ),
                is_keyed=each.is_keyed,
                rate_per_second=each.rate_per_second,
                on_unknown=each.on_unknown,
                waiting=in_all,
                due=due,
                longest_wait_seconds=int((now - oldest).total_seconds()) if oldest else 0,
                sent=ended[each.channel].get("sent", 0),
                failed=ended[each.channel].get("failed", 0),
                unknown=ended[each.channel].get("unknown", 0),
                resends=resends.get(each.channel, 0),
                last_sent_at=row.last_sent_at,
                last_failed_at=row.last_failed_at,
                waits_until=row.waits_until,
                failures=row.failures,
                error=row.error,
            )
        )
    return tuple(found)


def unserved(connectors: Collection[Connector]) -> dict[str, int]:
    """Channels that no connector serves → how many messages wait there for nothing."""
    waiting = Message.objects.filter(ended_at=None).exclude(channel__in=[each.channel for each in connectors])
    return dict(waiting.values_list("channel").annotate(Count("pk")))


def in_doubt(*, count: int = 100) -> tuple[MessageSeen, ...]:
    """Messages of which nobody knows whether they went out, and no machine will try: those worth money first, then the oldest."""
    rows = Message.objects.filter(state="unknown").prefetch_related("receipts").order_by("-carries_money", "pk")
    return tuple(_seen(row) for row in rows[:count])


def _seen(row: Message) -> MessageSeen:
    return MessageSeen(
        key=row.key,
        channel=row.channel,
        message_class=row.message_class,
        template=row.template,
        template_version=row.template_version,
        campaign=row.campaign,
        step=row.step,
        state=row.state,
        reason=row.reason,
        queued_at=row.queued_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        outcomes=tuple(sorted(each.outcome for each in row.receipts.all())),
    )
