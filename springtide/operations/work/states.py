"""Ways to reach a user, how it went, and which ties a member has to a user. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

CHANNELS: Final = ("call", "chat", "email", "meeting")
OUTREACH: Final = ("call", "chat")  # what counts towards the cap on outreach
OUTCOMES: Final = ("reached", "no_answer", "call_back", "refused")

ITEM_OPEN: Final = ("new",)
ITEM_ENDS: Final = {"done": "done", "cancel": "cancelled"}  # move → what becomes of a piece of work
ITEM_STATES: Final = (*ITEM_OPEN, *ITEM_ENDS.values())

LONGEST_NOTE: Final = 4000
MOST_USERS: Final = 100_000  # that one action tags or hands over
TAG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def ties(*, is_assigned: bool) -> tuple[str, ...]:
    """What a member is to a user they look after: the words of the matrix of rights."""
    return ("assigned", "own") if is_assigned else ()


def users_named(texts: Iterable[str]) -> list[str]:
    """Ids of users, each once, in the order in which they came; blanks are dropped."""
    return list(dict.fromkeys(text for each in texts if (text := each.strip())))
