"""Signed calls to a gateway of the exchange: one letter a call, or up to a hundred.

A letter counts as accepted when the gateway answers 2xx with nothing or with JSON; for a batch the JSON may say of single letters
that they were rejected. A page of HTML with 200 is no gateway's answer, and nobody knows what it did.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from springtide.kernel import clock
from springtide.operations.delivery.connectors import SENT, Letter, Outcome
from springtide.operations.delivery.posting import Answer, NoAnswer, Poster
from springtide.operations.delivery.signing import signed

LARGEST_BATCH: Final = 100
CONNECTIONS: Final = 16
THE_LETTERS_FAULT: Final = (400, 413, 415, 422)  # any other 4xx is a fault of the way, which no letter should suffer for
_CODE: Final = re.compile(r"[a-z0-9_.-]{1,60}")
_RESULTS: Final[Mapping[str, Callable[[str], Outcome]]] = {
    "accepted": lambda code: SENT,
    "rejected": lambda code: Outcome("rejected", code or "rejected"),
    "later": lambda code: Outcome("later", code or "busy"),
}


@dataclass
class Webhook:
    """`batch`: letters a call; with 1, several calls are under way at a time."""

    name: str
    channel: str
    poster: Poster
    key: bytes = field(repr=False)
    batch: int = 1
    is_keyed: bool = True
    needs_addresses: bool = False
    rate_per_second: float | None = None
    on_unknown: str = "keep"
    now: Callable[[], datetime] = field(default=clock.now)

    @property
    def at_once(self) -> int:
        return (self.batch if self.batch > 1 else self.poster.at_once) if self.is_keyed else 1

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        if self.batch > 1:
            return self._batch(letters)
        calls = [self._call(letter.key, {"type": "message", **_content(letter)}) for letter in letters]
        return [outcome_of(answer) for answer in self.poster.post_all(calls)]

    def close(self) -> None:
        self.poster.close()

    def _batch(self, letters: Sequence[Letter]) -> list[Outcome]:
        keys = "\n".join(letter.key for letter in letters)
        name = f"batch-{hashlib.sha256(keys.encode()).hexdigest()[:32]}"
        content = {"type": "messages", "messages": [_content(letter) for letter in letters]}
        answer = self.poster.post(*self._call(name, content))
        whole = outcome_of(answer)
        if whole.kind != "sent" or not isinstance(answer, Answer) or not answer.body.strip():
            return [whole] * len(letters)
        told = json.loads(answer.body)
        results = told.get("results") if isinstance(told, dict) else None
        if results is None:
            return [whole] * len(letters)
        if not isinstance(results, list):
            return [_garbage("its results are no list")] * len(letters)
        by_key = {str(each.get("key")): _result(each) for each in results if isinstance(each, dict)}
        return [by_key.get(letter.key, _garbage("it says nothing of this letter")) for letter in letters]

    def _call(self, message_id: str, content: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return body, signed(self.key, message_id, body, now=self.now())


def outcome_of(answer: Answer | NoAnswer) -> Outcome:
    """What an answer says of what was sent."""
    if isinstance(answer, NoAnswer):
        return Outcome("unclear" if answer.was_sent else "later", "no_answer", answer.says)
    says = printable(f"{answer.status} {answer.body[:160].decode(errors='replace')}")
    if 200 <= answer.status < 300:
        return SENT if _is_understood(answer) else _garbage(says)
    if answer.status in THE_LETTERS_FAULT:
        return Outcome("rejected", f"status_{answer.status}", says)
    if answer.status >= 500 and answer.status != 503:
        return Outcome("unclear", f"status_{answer.status}", says)
    return Outcome("later", f"status_{answer.status}", says, wait_seconds=wait_asked(answer.headers))


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that the receiver asks us to stay away; an hour at most."""
    given = headers.get("retry-after", "")
    return min(float(given), 3600.0) if given.isascii() and given.isdecimal() else None


def printable(text: str) -> str:
    """What a stranger said, fit for a screen and a database."""
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _is_understood(answer: Answer) -> bool:
    if not answer.is_whole:
        return False
    if not answer.body.strip():
        return True
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return True


def _result(told: Mapping[str, Any]) -> Outcome:
    make, code = _RESULTS.get(str(told.get("status"))), str(told.get("code", ""))
    if make is None:
        return _garbage(printable(f"its status is {told.get('status')!r}"[:160]))
    return make(code if _CODE.fullmatch(code) else "")


def _garbage(says: str) -> Outcome:
    return Outcome("unclear", "garbage_answer", says)


def _content(letter: Letter) -> dict[str, str]:
    return {
        "key": letter.key,
        "user_id": letter.user_id,
        "class": letter.message_class,
        "address": letter.address,
        "language": letter.language,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "unsubscribe_url": letter.unsubscribe_url,
    }
