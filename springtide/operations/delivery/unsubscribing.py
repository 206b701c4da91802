"""Links with which a user says: no more of this. They carry a signed token, work for ever, and need no sign-in."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from django.core import signing

from springtide.kernel.errors import BadInput
from springtide.operations.delivery import states

SALT: Final = "springtide.delivery.unsubscribe"
PATH: Final = "/unsubscribe/"


def unsubscribe_url(public_url: str, user_id: str, channel: str) -> str:
    """Where a user ends messages on a channel; empty when nobody outside can reach this console."""
    return f"{public_url.rstrip('/')}{PATH}{_signer().sign_object([channel, user_id])}" if public_url else ""


def who_unsubscribes(token: str) -> tuple[str, str]:
    """The user and the channel that a link names.

    refuses    bad_link    it was not made here, or was changed
    """
    try:
        channel, user_id = _signer().unsign_object(token)
    except (signing.BadSignature, ValueError):
        channel, user_id = "", ""
    if channel not in states.CHANNELS:
        raise BadInput("This link is not whole.", "Open it from the message again, or write to support.", code="bad_link")
    return user_id, channel


@lru_cache(maxsize=1)
def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)
