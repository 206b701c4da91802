"""Where users are reached. Addresses are asked for at the moment of sending, held while a batch is sent, and written nowhere.

`Asked`: a signed call to the exchange. `Dropped`: a file that the exchange renews. `Sealed`: the contacts it loaded, sealed with a key
of the settings.
"""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from springtide.kernel import clock
from springtide.kernel.errors import NothingYet
from springtide.operations.delivery.leasing import among
from springtide.operations.delivery.models import Contact
from springtide.operations.delivery.posting import Answer, Poster
from springtide.operations.delivery.sealing import unseal
from springtide.operations.delivery.signing import signed

ASKED_AT_ONCE: Final = 500
LONGEST: Final = 320  # the longest e-mail address there may be


class Addresses(Protocol):
    """Somebody who knows where users are reached."""

    def of(self, channel: str, user_ids: Sequence[str]) -> Mapping[str, str]:
        """User → address on a channel; who has none is not in it.

        refuses    addresses_unreachable    nobody answers, or the answer cannot be understood: try again later
        """
        ...


@dataclass
class Asked:
    """Asks the exchange: POST {"channel", "users"} → {"addresses": {user: address}}, signed like every call."""

    poster: Poster
    key: bytes = field(repr=False)
    now: Callable[[], datetime] = field(default=clock.now)

    def of(self, channel: str, user_ids: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(user_ids), ASKED_AT_ONCE):
            found |= self._ask(channel, user_ids[start : start + ASKED_AT_ONCE])
        return found

    def _ask(self, channel: str, user_ids: Sequence[str]) -> dict[str, str]:
        body = json.dumps({"channel": channel, "users": list(user_ids)}).encode()
        answer = self.poster.post(body, signed(self.key, f"addresses-{secrets.token_hex(16)}", body, now=self.now()))
        if not isinstance(answer, Answer):
            raise _unreachable(f"does not answer: {answer.says}")
        if answer.status != 200 or not answer.is_whole:
            raise _unreachable(f"answers {answer.status}")
        try:
            told = json.loads(answer.body)
            given = told["addresses"].items()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise _unreachable("answers something else than addresses") from None
        asked = set(user_ids)
        return {user: address for user, address in given if user in asked and is_address(address)}


@dataclass
class Dropped:
    """Reads a CSV file with the columns user_id, channel and address, again whenever it has changed."""

    path: Path
    _read_at: tuple[int, int] = (0, 0)
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, channel: str, user_ids: Sequence[str]) -> dict[str, str]:
        self._read()
        return {user: self._known[user, channel] for user in user_ids if (user, channel) in self._known}

    def _read(self) -> None:
        try:
            now = self.path.stat()
            if (now.st_mtime_ns, now.st_size) == self._read_at:
                return
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                self._known = {(row["user_id"], row["channel"]): row["address"] for row in rows if is_address(row["address"])}
        except (OSError, UnicodeDecodeError, KeyError, csv.Error) as bad:
            raise _unreachable(f"cannot be read: {type(bad).__name__}") from bad
        self._read_at = (now.st_mtime_ns, now.st_size)


@dataclass
class Sealed:
    """Opens the contacts that the exchange has loaded."""

    key: bytes = field(repr=False)

    def of(self, channel: str, user_ids: Sequence[str]) -> dict[str, str]:
        rows = among(Contact.objects.filter(channel=channel), "delivery_contact.user_id", user_ids)
        return {
            user: unseal(self.key, bytes(sealed), f"{channel}/{user}") for user, sealed in rows.values_list("user_id", "sealed")
        }


def is_address(address: object) -> bool:
    """True for what can be one at all: a line of text that is not too long."""
    return isinstance(address, str) and 0 < len(address) <= LONGEST and address.isprintable() and address == address.strip()


def _unreachable(says: str) -> NothingYet:
    return NothingYet(f"Who knows the addresses {says}.", "It is asked again in a while.", code="addresses_unreachable")
