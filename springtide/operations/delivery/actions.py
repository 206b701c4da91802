"""Every write of delivery but those of dispatching (`leasing.py`): putting messages into the outbox, and what is told of them later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from springtide.kernel.errors import Refused, suggest
from springtide.kernel.ids import content_hash
from springtide.operations.delivery import states, templates
from springtide.operations.delivery.addresses import is_address
from springtide.operations.delivery.leasing import among
from springtide.operations.delivery.models import ConnectorState, Contact, InboxItem, Message, Receipt, Withdrawal
from springtide.operations.delivery.sealing import seal
from springtide.operations.inserting import insert_many
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member


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


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """What a receiver tells of a message that it took: its outcome, and when that was."""

    key: str
    outcome: str
    at: datetime


@dataclass(frozen=True)
class Received:
    """How many receipts were new, how many known already, and the keys of which nothing was ever sent."""

    new: int
    known: int
    unknown: tuple[str, ...]


@transaction.atomic
def receive(receipts: Sequence[NewReceipt], *, source: str, now: datetime) -> Received:
    """Store what a receiver tells. Told again, it changes nothing. Who unsubscribes there has withdrawn consent here.

    A receipt for a message of which we did not know whether it had gone out settles that: it was sent.

    writes     receipts; messages that were unknown; withdrawals; one audit row
    refuses    unknown_outcome, bad_time, too_many_receipts
    """
    if len(receipts) > states.MOST_RECEIPTS:
        raise Refused(
            f"{len(receipts):,} receipts are too many for one call.",
            f"At most {states.MOST_RECEIPTS:,} at a time.",
            code="too_many_receipts",
        )
    for each in receipts:
        if each.outcome not in states.OUTCOMES:
            raise Refused(
                f"There is no outcome '{each.outcome}'.", suggest(each.outcome, states.OUTCOMES), code="unknown_outcome"
            )
        if each.at > now + states.CLOCKS_DIFFER:
            raise Refused(f"A receipt of {each.at:%Y-%m-%d %H:%M} is from the future.", "Mend the clock.", code="bad_time")
    asked = among(Message.objects.all(), "delivery_message.key", [each.key for each in receipts])
    messages = {each.key: each for each in asked.only("id", "key", "user_id", "channel", "state")}
    known = [each for each in receipts if each.key in messages]
    rows = [(messages[each.key].pk, each.outcome, each.at, now) for each in known]
    new = insert_many(Receipt, ("message_id", "outcome", "at", "received_at"), rows, skip_known=True)
    unsure = [messages[each.key].pk for each in known if messages[each.key].state == "unknown"]
    if unsure:
        among(Message.objects.filter(state="unknown"), "delivery_message.id", unsure).update(state="sent", reason="")
    gone = {(messages[each.key].user_id, messages[each.key].channel) for each in known if each.outcome == "unsubscribed"}
    _withdraw(gone, "receipt", now)
    unknown = tuple(dict.fromkeys(each.key for each in receipts if each.key not in messages))
    content = content_hash([[each.key, each.outcome] for each in receipts])
    details = {"receipts": len(receipts), "new": new, "unknown": len(unknown), "content": content}
    audit("receive_receipts", subject=f"connector {source}", acting=None, now=now, details=details)
    return Received(new, len(known) - new, unknown)


@transaction.atomic
def withdraw_consent(user_id: str, channel: str, *, source: str, now: datetime, acting: Member | None = None) -> bool:
    """A user wants no more marketing on a channel, or, with "", on any. Told again, it changes nothing.

    writes     one withdrawal; one audit row
    refuses    unknown_channel
    """
    if channel and channel not in states.CHANNELS:
        raise Refused(f"There is no channel '{channel}'.", suggest(channel, states.CHANNELS), code="unknown_channel")
    new = _withdraw({(user_id, channel)}, source, now)
    if new:
        details = {"channel": channel, "source": source}
        audit("withdraw_consent", subject=f"user {user_id}", acting=acting, now=now, details=details)
    return bool(new)


@transaction.atomic
def restore_consent(user_id: str, channel: str, *, source: str, now: datetime, acting: Member | None = None) -> bool:
    """A user wants marketing again: on a channel, or, with "", on all. Whether the exchange's own table of users allows it is asked too.

    writes     withdrawals, removed; one audit row
    """
    rows = Withdrawal.objects.filter(user_id=user_id)
    gone, _ = (rows.filter(channel=channel) if channel else rows).delete()
    if gone:
        details = {"channel": channel, "source": source}
        audit("restore_consent", subject=f"user {user_id}", acting=acting, now=now, details=details)
    return bool(gone)


@transaction.atomic
def settle_unknown(key: str, *, was_sent: bool, acting: Member | None, now: datetime) -> None:
    """Say of a message that may have gone out that it did, or send it again.

    writes     the message: sent, or queued; one audit row
    refuses    not_allowed      the member has nothing to do with delivery
               move_not_open    nobody doubts it
    """
    _refuse_unless_may_edit(acting)
    becomes = "sent" if was_sent else "queued"
    changes: dict[str, Any] = {"state": becomes, "reason": "by_hand", "lease": None, "leased_until": None}
    if not was_sent:
        changes |= {"ended_at": None, "due_at": now, "tries": 0, "resends": F("resends") + 1}
    if not Message.objects.filter(key=key, state="unknown").update(**changes):
        raise Refused(f"Message '{key}' is not in doubt.", "Reload and look again.", code="move_not_open")
    audit("settle_unknown", subject=f"message {key}", acting=acting, now=now, was="unknown", becomes=becomes)


@transaction.atomic
def switch_connector(name: str, *, is_on: bool, acting: Member | None, now: datetime) -> bool:
    """Let a connector send, or stop it; its messages wait. Switched on, it forgets that it failed. True when that changed anything.

    writes     the connector's row; one audit row
    refuses    not_allowed    the member has nothing to do with delivery
    """
    _refuse_unless_may_edit(acting)
    ConnectorState.objects.get_or_create(name=name)
    row = ConnectorState.objects.select_for_update().get(name=name)
    if row.is_on == is_on and not (is_on and row.waits_until):
        return False
    ConnectorState.objects.filter(pk=row.pk).update(is_on=is_on, waits_until=None, failures=0)
    was, becomes = ("on" if row.is_on else "off"), ("on" if is_on else "off")
    audit("switch_connector", subject=f"connector {name}", acting=acting, now=now, was=was, becomes=becomes)
    return True


@transaction.atomic
def load_contacts(rows: Iterable[tuple[str, str, str]], *, key: bytes, now: datetime, acting: Member | None = None) -> int:
    """Load addresses (user, channel, address), sealed; an empty address removes what was there. How many were taken.

    writes     contacts; one audit row with their number
    refuses    not_allowed, unknown_channel
               bad_address    what cannot be one, by its line
    """
    _refuse_unless_may_edit(acting)
    taken: dict[tuple[str, str], str] = {}
    for line, (user_id, channel, address) in enumerate(rows, start=1):
        if channel not in states.CHANNELS:
            raise Refused(
                f"Line {line} has the channel '{channel}'.", suggest(channel, states.CHANNELS), code="unknown_channel"
            )
        if not user_id or (address and not is_address(address)):
            raise Refused(f"Line {line} has no user, or no address.", "One line of at most 320 characters.", code="bad_address")
        taken[user_id, channel] = address
    users = sorted({user_id for user_id, _ in taken})
    for start in range(0, len(users), 5000):
        there = among(Contact.objects.all(), "delivery_contact.user_id", users[start : start + 5000])
        old = [pk for pk, *of in there.values_list("pk", "user_id", "channel") if (of[0], of[1]) in taken]
        among(Contact.objects.all(), "delivery_contact.id", old).delete()
    sealed = (
        (user_id, channel, seal(key, address, f"{channel}/{user_id}"), now)
        for (user_id, channel), address in taken.items()
        if address
    )
    insert_many(Contact, ("user_id", "channel", "sealed", "loaded_at"), sealed)
    audit("load_contacts", subject="contacts", acting=acting, now=now, details={"contacts": len(taken), "users": len(users)})
    return len(taken)


@transaction.atomic
def read_inbox(user_id: str, keys: Sequence[str], *, now: datetime) -> int:
    """A user has read letters of their inbox; how many of them for the first time. Each counts as opened.

    writes     inbox items; receipts
    """
    items = InboxItem.objects.filter(user_id=user_id, read_at=None, message__key__in=keys)
    read = list(items.values_list("pk", "message_id"))
    InboxItem.objects.filter(pk__in=[item for item, _ in read]).update(read_at=now)
    rows = [(message_id, "opened", now, now) for _, message_id in read]
    insert_many(Receipt, ("message_id", "outcome", "at", "received_at"), rows, skip_known=True)
    return len(read)


@transaction.atomic
def forget_messages(*, before: datetime, most: int = 50_000) -> int:
    """Delete messages that ended before a moment, with their receipts; those in doubt stay. How many, `most` at a time.

    Whoever calls it has brought what must be kept into the lake.

    writes     messages, receipts and inbox items, removed
    """
    old = Message.objects.filter(ended_at__lt=before).exclude(state="unknown").order_by("pk").values_list("pk", flat=True)
    ids = list(old[:most])
    for start in range(0, len(ids), 5000):
        some = ids[start : start + 5000]
        among(Receipt.objects.all(), "delivery_receipt.message_id", some).delete()
        among(InboxItem.objects.all(), "delivery_inboxitem.message_id", some).delete()
        among(Message.objects.all(), "delivery_message.id", some).delete()
    return len(ids)


def _withdraw(gone: Collection[tuple[str, str]], source: str, now: datetime) -> int:
    rows = [(user_id, channel, source, now) for user_id, channel in sorted(gone)]
    return insert_many(Withdrawal, ("user_id", "channel", "source", "at"), rows, skip_known=True)


def _refuse_unless_may_edit(acting: Member | None) -> None:
    if acting is not None and not acting.may(rights.EDIT_DELIVERY):
        raise Refused("You may not change delivery.", "Ask an administrator.", code="not_allowed")


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
