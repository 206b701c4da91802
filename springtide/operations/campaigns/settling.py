"""What follows for a reward once its message has gone out, or never will: granted where it asks nothing more, or put back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from springtide.operations.delivery.models import Message
from springtide.operations.rewards.actions import grant, release
from springtide.operations.rewards.models import Reward

AT_ONCE: Final = 5_000
GONE_OUT: Final = ("sent",)
NEVER_WILL: Final = ("failed", "refused", "cancelled")  # what is unknown waits for somebody to look


def settle_rewards(*, now: datetime) -> tuple[int, int]:
    """Grant some reserved rewards whose message has gone out, and release some whose message never will; how many of each.

    What an offer asks for first (a deposit, a volume, a claim) is looked at when days are closed.

    writes     rewards, postings, payouts, audit rows
    """
    with transaction.atomic():
        owed = list(_reserved_with(GONE_OUT).filter(qualify_by=None).values_list("key", flat=True)[:AT_ONCE])
        back = list(_reserved_with(NEVER_WILL).values_list("key", flat=True)[:AT_ONCE])
        granted = grant(owed, now=now) if owed else frozenset()
        released = release(back, now=now, reason="its message did not go out") if back else frozenset()
    return len(granted), len(released)


def _reserved_with(states: tuple[str, ...]) -> QuerySet[Reward]:
    ended = Message.objects.filter(key=OuterRef("key"), state__in=states)
    return Reward.objects.filter(Exists(ended), state="reserved").order_by("pk")
