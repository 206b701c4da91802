"""Where users are reached. Addresses are asked for at the moment of sending, held while a batch is sent, and written nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Addresses(Protocol):
    """Somebody who knows where users are reached."""

    def of(self, channel: str, user_ids: Sequence[str]) -> Mapping[str, str]:
        """User → address on a channel; who has none is not in it.

        refuses    addresses_unreachable    nobody answers, or the answer cannot be understood: try again later
        """
        ...
