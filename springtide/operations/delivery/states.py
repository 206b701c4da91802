"""Ways to reach a user, what a message may become, how long a failure waits, and which consent a message needs. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

CHANNELS: Final = ("email", "push", "sms", "chat", "inbox")
CLASSES: Final = ("service", "lifecycle", "promotional")  # whose turn comes first, too

MOVES: Final = {
    ("queued", "send", "sending"),  # from, move, to; recorded before a channel that knows no keys is called
    ("queued", "accept", "sent"),
    ("queued", "hold", "held"),  # not now: quiet hours, a pause
    ("held", "release", "queued"),
    ("queued", "refuse", "refused"),  # not to this user any more: consent, risk, a campaign that is over
    ("queued", "cancel", "cancelled"),
    ("held", "cancel", "cancelled"),
    ("queued", "fail", "failed"),  # the receiver will not have it, however often it is asked
    ("queued", "lose", "unknown"),  # it was asked often enough, and never said
    ("sending", "accept", "sent"),
    ("sending", "fail", "failed"),
    ("sending", "requeue", "queued"),  # surely not accepted
    ("sending", "lose", "unknown"),  # perhaps accepted: the worker died, or no answer came
    ("unknown", "requeue", "queued"),  # where the channel's policy, or a member, takes the risk of a second one
    ("unknown", "accept", "sent"),
}
STATES: Final = ("queued", "held", "sending", "sent", "failed", "unknown", "refused", "cancelled")
WAITING: Final = ("queued", "held")
OPEN: Final = ("queued", "held", "sending")
COUNTED: Final = ("sending", "sent", "unknown")  # what may have reached the user counts towards the caps

OUTCOMES: Final = ("delivered", "opened", "clicked", "bounced", "unsubscribed")  # what the receiver tells later

MOST_RECEIPTS: Final = 1000  # in one call
CLOCKS_DIFFER: Final = timedelta(minutes=5)

KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")

LEASE: Final = timedelta(seconds=60)
FRESH_SECONDS: Final = 1.0  # how long an answer to "may this still go out?" holds
FIRST_WAIT: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(hours=1)
TRIES: Final = 24  # some thirteen hours: a receiver may be down for a night

ON_UNKNOWN: Final = ("keep", "resend")  # what a connector without keys does with a message that may have gone out


def wait_after(tries: int) -> timedelta:
    """How long a message, or a whole connector, waits after its n-th failure: two seconds, then doubling, an hour at most."""
    return min(FIRST_WAIT * 2.0 ** min(max(tries, 1) - 1, 20), LONGEST_WAIT)


def may_resend(on_unknown: str, *, carries_money: bool) -> bool:
    """True when a machine may send again what may have gone out already. What is worth money, only a member sends again."""
    return on_unknown == "resend" and not carries_money


def needs_consent(message_class: str) -> bool:
    """Service messages (an outage, a liquidation, security, legal) reach those too who want no marketing."""
    return message_class != "service"


HEALTHS: Final = ("well", "idle", "waiting", "failing", "off")
FAILS_AFTER: Final = 3  # failures in a row


def health(*, is_on: bool, waits: bool, failures: int, last_sent_at: datetime | None, since: datetime) -> str:
    """How well a connector is, the worst first."""
    if not is_on:
        return "off"
    if failures >= FAILS_AFTER:
        return "failing"
    if waits:
        return "waiting"
    return "well" if last_sent_at is not None and last_sent_at >= since else "idle"
