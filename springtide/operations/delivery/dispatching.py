"""Sending what is due: lease a batch, ask once more whether each message may go, find the address, render, send, store the outcome.

Between two calls to a receiver it is asked whether to stop, and after a second the answers of the last checks are too old: what is
left of the batch goes back. So a campaign that is stopped stops here within seconds.

Killed at any point, nothing is lost. What was leased is due again when its lease runs out: with a receiver that honours keys it is sent
again under the same key; on a channel without keys it had been recorded as `sending`, and becomes `unknown`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from django.db import transaction

from springtide.kernel.errors import SpringtideError
from springtide.operations.delivery import leasing, states, templates
from springtide.operations.delivery.addresses import Addresses
from springtide.operations.delivery.connectors import Connector, Letter, Outcome
from springtide.operations.delivery.leasing import Batch, InInbox, Outgoing, Settled
from springtide.operations.delivery.models import Withdrawal
from springtide.operations.delivery.sandbox import BadTemplate
from springtide.operations.delivery.unsubscribing import unsubscribe_url

MOST_AT_ONCE: Final = 1000  # messages in a batch of a receiver with keys
MOST_UNKEYED: Final = 50
SETTLE_EVERY: Final = 400  # outcomes that are stored together
SOONEST: Final = timedelta(seconds=1)
SENT: Final = Settled("sent")

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Hold:
    """Why a message does not go out now. `until`: when it is asked again; None: never, it is refused."""

    reason: str
    until: datetime | None = None


Live = Callable[[Sequence[Outgoing]], Mapping[str, Hold]]  # the messages' keys → what holds them


@dataclass
class Dispatched:
    """What became of the messages that were taken up: state → how many. Those given back untouched are not among them."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        return self.counts["sent"]


def dispatch(
    connectors: Sequence[Connector],
    *,
    live: Live,
    now: Clock,
    stop: threading.Event,
    addresses: Addresses | None = None,
    public_url: str = "",
) -> Dispatched:
    """Send until nothing is due any more, or `stop` is set; the connectors take turns of a second.

    Several workers may do this at once, and one worker may in several threads, with a connector each.

    live          which of these messages must not go out now, and why: campaign, risk, quiet hours, whatever the caller knows;
                  who withdrew consent is found here
    addresses     where users are reached, for connectors that must be told
    public_url    where this console is reached from outside: the links with which users unsubscribe lead there
    """
    dispatched = Dispatched()
    library = Library()
    is_busy = True
    while is_busy and not stop.is_set():
        is_busy = False
        for connector in connectors:
            most = MOST_AT_ONCE if connector.is_keyed else MOST_UNKEYED
            if batch := leasing.lease(connector, most=most, now=now()):
                turn = _Turn(connector, batch, live, now, stop, addresses, public_url, library, dispatched.counts)
                turn.take()
                is_busy = True
    return dispatched


class Library:
    """Templates that one call needs, each read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], templates.Template] = {}

    def template(self, key: str, version: int) -> templates.Template:
        """A version of a template.

        refuses    unknown_template
        """
        if (key, version) not in self._read:
            self._read[key, version] = templates.read(key, version)
        return self._read[key, version]


@dataclass
class _Turn:
    """One batch of one connector."""

    connector: Connector
    batch: Batch
    live: Live
    now: Clock
    stop: threading.Event
    addresses: Addresses | None
    public_url: str
    library: Library
    counts: Counter[str]
    settled: dict[int, Settled] = field(default_factory=dict)
    in_inbox: list[InInbox] = field(default_factory=list)
    failure: Outcome | None = None
    went_out: int = 0

    def take(self) -> None:
        asked_at = monotonic()
        going = self._held_back(self.batch.messages)
        letters = self._letters(going)
        at_once = self.connector.at_once
        left = letters
        while left and not self.stop.is_set() and monotonic() - asked_at < states.FRESH_SECONDS:
            some, left = left[:at_once], left[at_once:]
            if not self._send(some):
                break
            if not self.connector.is_keyed or len(self.settled) >= SETTLE_EVERY:
                self._settle()
        with transaction.atomic():
            self._settle()
            if left:
                leasing.give_back(self.batch, [message for message, _ in left])
            self._note_health()

    def _held_back(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        """Those that may go out, as things stand; the others are settled."""
        holds = {**_withdrawn(messages), **self.live(messages)}
        going = []
        for message in messages:
            hold = holds.get(message.key)
            if hold is None:
                going.append(message)
            elif hold.until is None:
                self.settled[message.id] = Settled("refused", hold.reason)
            else:
                until = max(hold.until, self.now() + SOONEST)  # a hold that is over already would be asked again for ever
                self.settled[message.id] = Settled("held", hold.reason, due_at=until)
        return going

    def _letters(self, messages: Sequence[Outgoing]) -> list[tuple[Outgoing, Letter]]:
        """What goes out, rendered and addressed; what cannot be is settled."""
        places: Mapping[str, str] = {}
        if self.connector.needs_addresses and messages:
            try:
                places = (
                    self.addresses.of(self.connector.channel, [each.user_id for each in messages]) if self.addresses else {}
                )
            except SpringtideError as unreachable:  # nobody's fault here: all of them wait
                self.failure = Outcome("later", unreachable.code, unreachable.message)
                for message in messages:
                    self.settled[message.id] = self._later(message, self.failure)
                return []
        letters = []
        for message in messages:
            address = places.get(message.user_id, "")
            if self.connector.needs_addresses and not address:
                self.settled[message.id] = Settled("refused", "no_address")
                continue
            try:
                letters.append((message, self._letter(message, address)))
            except SpringtideError as bad:
                state = "refused" if isinstance(bad, BadTemplate) and bad.code == "missing_variable" else "failed"
                self.settled[message.id] = Settled(state, bad.code)
        return letters

    def _letter(self, message: Outgoing, address: str) -> Letter:
        link = (
            unsubscribe_url(self.public_url, message.user_id, message.channel)
            if states.needs_consent(message.message_class)
            else ""
        )
        template = self.library.template(message.template, message.template_version)
        rendered = templates.render(template, message.language, message.variables, unsubscribe_url=link)
        return Letter(
            message_id=message.id,
            key=message.key,
            user_id=message.user_id,
            message_class=message.message_class,
            address=address,
            language=rendered.language,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            unsubscribe_url=link,
        )

    def _send(self, some: Sequence[tuple[Outgoing, Letter]]) -> bool:
        """Send some letters; False when there is no use in trying the rest now."""
        if not self.connector.is_keyed:
            some = [(message, letter) for message, letter in some if leasing.begin(self.batch, message, now=self.now())]
        outcomes = self.connector.send([letter for _, letter in some])
        sent = 0
        for (message, letter), outcome in zip(some, outcomes, strict=True):
            if outcome.kind == "sent":
                sent += 1
                self.settled[message.id] = Settled("sent", reference=outcome.reference) if outcome.reference else SENT
                if self.connector.channel == "inbox":
                    self.in_inbox.append(InInbox(message.id, message.user_id, letter.subject, letter.text))
            else:
                self.settled[message.id] = self._not_sent(message, outcome)
        self.went_out += sent
        return sent > 0 or not some or self.failure is None

    def _not_sent(self, message: Outgoing, outcome: Outcome) -> Settled:
        if outcome.kind == "rejected":
            return Settled("failed", outcome.code, failed=True)
        self.failure = outcome
        if outcome.kind == "later":
            return self._later(message, outcome)
        if self.connector.is_keyed or states.may_resend(self.connector.on_unknown, carries_money=message.carries_money):
            return self._again(message, outcome, "unknown")
        return Settled("unknown", outcome.code, failed=True)

    def _later(self, message: Outgoing, outcome: Outcome) -> Settled:
        return self._again(message, outcome, "failed")

    def _again(self, message: Outgoing, outcome: Outcome, in_the_end: str) -> Settled:
        tries = message.tries + 1
        if tries >= states.TRIES:
            return Settled(in_the_end, outcome.code, failed=True)
        wait = states.wait_after(tries) if outcome.wait_seconds is None else timedelta(seconds=outcome.wait_seconds)
        return Settled("queued", outcome.code, due_at=self.now() + wait, failed=True)

    def _settle(self) -> None:
        if not self.settled:
            return
        leasing.settle(self.batch, self.settled, now=self.now(), in_inbox=self.in_inbox)
        self.counts.update(each.state for each in self.settled.values())
        self.settled.clear()
        self.in_inbox.clear()

    def _note_health(self) -> None:
        if self.went_out:
            leasing.went_well(self.connector, now=self.now())
        if self.failure:
            leasing.went_wrong(self.connector, self.failure, now=self.now(), all_failed=not self.went_out)


def _withdrawn(messages: Sequence[Outgoing]) -> dict[str, Hold]:
    """Messages to users who want none of the kind any more."""
    asking = [message for message in messages if states.needs_consent(message.message_class)]
    if not asking:
        return {}
    rows = leasing.among(Withdrawal.objects.all(), "delivery_withdrawal.user_id", [message.user_id for message in asking])
    gone = set(rows.values_list("user_id", "channel"))
    return {
        message.key: Hold("no_consent")
        for message in asking
        if (message.user_id, "") in gone or (message.user_id, message.channel) in gone
    }
