"""Signatures of calls, as Standard Webhooks has them: HMAC-SHA256 over id, time and body, under a secret that both sides know.

Source: https://www.standardwebhooks.com, symmetric signatures (v1).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from springtide.kernel.errors import BadInput, Refused

TOLERANCE_SECONDS: Final = 300
BEGINS: Final = "whsec_"


def secret_key(text: str) -> bytes:
    """The key behind a secret such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.

    refuses    bad_secret    it is no base64, or of fewer than 24 bytes
    """
    try:
        key = base64.b64decode(text.removeprefix(BEGINS), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 24:
        raise BadInput(
            "A signing secret cannot be used.",
            f"It is '{BEGINS}' and the base64 of at least 24 random bytes; make one with: springtide connector secret",
            code="bad_secret",
        )
    return key


def signed(key: bytes, message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The headers that a signed call carries."""
    at = str(int(now.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{_signature(key, message_id, at, body)}",
    }


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The id of a call that really comes from who knows one of the `keys`. Several: an old secret while a new one is brought in.

    refuses    bad_signature    it lacks a header, or is signed with none of the keys
               stale_call       it is more than five minutes old, or from the future: perhaps somebody sends it again
    """
    message_id, at, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    given = [each.removeprefix("v1,") for each in signatures.split(" ") if each.startswith("v1,")]
    if message_id and at.isdecimal() and at.isascii() and len(at) < 13:
        right = (_signature(key, message_id, at, body).encode() for key in keys)
        if any(hmac.compare_digest(mine, theirs.encode()) for mine in right for theirs in given):
            if abs(now.timestamp() - int(at)) > TOLERANCE_SECONDS:
                raise Refused(
                    "This call is too old, or from the future.", "Sign it anew with the time of now.", code="stale_call"
                )
            return message_id
    raise Refused(
        "This call is not signed by anybody known here.",
        "Sign it as Standard Webhooks says, with the secret of this connector.",
        code="bad_signature",
    )


def _signature(key: bytes, message_id: str, at: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(key, f"{message_id}.{at}.".encode() + body, "sha256")).decode()
