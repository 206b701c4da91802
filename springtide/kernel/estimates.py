"""An estimate that cannot be made says so in its type: it is never 0, and never an empty answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotEstimable:
    """Why there is no estimate: a code for programs, a reason for a person."""

    code: str
    reason: str
