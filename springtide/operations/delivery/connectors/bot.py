"""Chat messages through a bot's API, as Telegram has it. It knows no keys: what it may have taken is never sent again by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from springtide.operations.delivery.connectors import Letter, Outcome
from springtide.operations.delivery.connectors.webhook import printable, wait_asked
from springtide.operations.delivery.posting import Answer, NoAnswer, Poster

LONGEST_TEXT: Final = 4096


@dataclass
class Bot:
    """`poster` leads to the API's host; the token stands in the path of each call, and nowhere else."""

    name: str
    poster: Poster
    token: str = field(repr=False)
    rate_per_second: float | None = 25.0  # what the API allows a bot
    on_unknown: str = "keep"

    channel: ClassVar[str] = "chat"
    is_keyed: ClassVar[bool] = False
    needs_addresses: ClassVar[bool] = True
    at_once: ClassVar[int] = 1

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        return [self._send(letter) for letter in letters]

    def close(self) -> None:
        self.poster.close()

    def _send(self, letter: Letter) -> Outcome:
        text = f"{letter.subject}\n\n{letter.text}" if letter.subject else letter.text
        if len(text) > LONGEST_TEXT:
            return Outcome("rejected", "too_long", f"The text has {len(text)} characters.")
        content = {"chat_id": letter.address, "text": text, "link_preview_options": {"is_disabled": True}}
        path = f"{urlsplit(self.poster.url).path.rstrip('/')}/bot{self.token}/sendMessage"
        return _outcome(self.poster.post(json.dumps(content).encode(), {}, path=path))


def _outcome(answer: Answer | NoAnswer) -> Outcome:
    if isinstance(answer, NoAnswer):
        return Outcome("unclear" if answer.was_sent else "later", "no_answer", answer.says)
    try:
        told: Any = json.loads(answer.body)
        is_ok, says = told.get("ok"), printable(str(told.get("description", "")))[:160]
        reference = str(told["result"]["message_id"])[:128] if is_ok is True else ""
        asked = told.get("parameters", {}).get("retry_after") if is_ok is False else None
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return Outcome("unclear", "garbage_answer", f"{answer.status} and no answer of a bot's API")
    if is_ok is True and answer.status == 200:
        return Outcome("sent", reference=printable(reference))
    if answer.status in (400, 403):  # no such chat, or the user has blocked the bot
        return Outcome("rejected", f"status_{answer.status}", says)
    if answer.status in (401, 404, 429):
        wait = float(asked) if isinstance(asked, int) and 0 <= asked <= 3600 else wait_asked(answer.headers)
        return Outcome("later", f"status_{answer.status}", says, wait_seconds=wait)
    return Outcome("unclear", f"status_{answer.status}", says)
