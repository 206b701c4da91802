"""Ways out of the house. A connector takes letters and says of each what came of it; it writes nothing in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Kind = Literal["sent", "rejected", "later", "unclear"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a connector takes it. `key`: what a receiver must accept once, however often it comes."""

    message_id: int
    key: str
    user_id: str
    message_class: str
    address: str
    language: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a letter.

    sent        the receiver has it
    rejected    the receiver will not have it, however often it is asked
    later       it was surely not accepted: the receiver is not there, is busy, or does not know us
    unclear     it may have been accepted: no answer, or none that can be understood
    """

    kind: Kind
    code: str = ""
    says: str = ""
    wait_seconds: float | None = None  # how long the receiver asks us to stay away
    reference: str = ""


SENT: Final = Outcome("sent")


class Connector(Protocol):
    """One way out.

    is_keyed          its receiver honours the key: a letter that may have gone out is sent again
    needs_addresses   it must be told where the user is reached; else the receiver knows its users
    at_once           letters that one call of `send` takes; 1 without keys, so that each is recorded before it goes
    rate_per_second   letters that all workers together may send; None: as many as go
    on_unknown        without keys: `keep` what may have gone out for a member to decide, or `resend` it when it is worth no money
    """

    @property
    def name(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def is_keyed(self) -> bool: ...
    @property
    def needs_addresses(self) -> bool: ...
    @property
    def at_once(self) -> int: ...
    @property
    def rate_per_second(self) -> float | None: ...
    @property
    def on_unknown(self) -> str: ...

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """What came of each letter, in their order. It raises nothing that belongs to a letter or to the receiver."""
        ...

    def close(self) -> None:
        """Let go of what is kept open."""
        ...
