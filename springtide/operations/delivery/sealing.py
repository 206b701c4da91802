"""Sealing short texts with a key that is not in the database: whoever has the database alone reads nothing, and changes nothing unseen.

Encrypt-then-authenticate from the standard library's HMAC-SHA256: as a pseudo-random function in counter mode it makes the key stream,
and under a second key it authenticates nonce, text and what the text belongs to (Bellare and Namprempre 2000; Katz and Lindell,
Introduction to Modern Cryptography, 3.5 and 4.5). Python's library has no cipher, and addresses are too short to need a fast one.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from springtide.kernel.errors import Fault

NONCE: Final = 16
TAG: Final = 32


def seal(key: bytes, text: str, belongs_to: str) -> bytes:
    """The text, sealed; `belongs_to` must be said again to open it, so that it cannot be put in another's place."""
    nonce, plain = secrets.token_bytes(NONCE), text.encode()
    hidden = nonce + _masked(key, nonce, plain)
    return hidden + _tag(key, hidden, belongs_to)


def unseal(key: bytes, sealed: bytes, belongs_to: str) -> str:
    """What was sealed.

    refuses    bad_seal    another key, a changed text, or one that belongs to something else
    """
    hidden, tag = sealed[:-TAG], sealed[-TAG:]
    if len(hidden) < NONCE or not hmac.compare_digest(tag, _tag(key, hidden, belongs_to)):
        raise Fault(
            "A sealed address cannot be opened.", "Load the contacts again with the key of the settings.", code="bad_seal"
        )
    return _masked(key, hidden[:NONCE], hidden[NONCE:]).decode()


def _masked(key: bytes, nonce: bytes, text: bytes) -> bytes:
    stream_key = hmac.digest(key, b"springtide seal: stream", "sha256")
    blocks = (hmac.digest(stream_key, nonce + n.to_bytes(8, "big"), "sha256") for n in range(-(-len(text) // 32)))
    return bytes(a ^ b for a, b in zip(text, b"".join(blocks), strict=False))


def _tag(key: bytes, hidden: bytes, belongs_to: str) -> bytes:
    tag_key = hmac.digest(key, b"springtide seal: tag", "sha256")
    return hmac.digest(tag_key, len(hidden).to_bytes(8, "big") + hidden + belongs_to.encode(), "sha256")
