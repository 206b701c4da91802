"""The inbox in the exchange's app. A letter is delivered when it lies here; the app fetches it over the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from springtide.operations.delivery.connectors import SENT, Letter, Outcome


@dataclass
class Inbox:
    """What it takes is laid in the inbox in the transaction that stores the outcome, so it lies there exactly once."""

    name: str = "inbox"
    rate_per_second: float | None = None
    on_unknown: str = "keep"

    channel: ClassVar[str] = "inbox"
    is_keyed: ClassVar[bool] = True
    needs_addresses: ClassVar[bool] = False
    at_once: ClassVar[int] = 1000

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        return [SENT] * len(letters)

    def close(self) -> None:
        """Nothing is kept open."""
