"""Every error that Springtide raises on purpose.

    SpringtideError            code, message, hint
    ├── BadInput        2      what was given cannot be taken: a file, a word, a definition
    │   ├── UnknownName        a name that nothing has; the nearest one is in the hint
    │   └── Refused            an action that may not happen: not allowed, moved already, four eyes
    ├── NothingYet      3      nothing to answer from yet: no home, no closed day, an input that was never given
    └── Fault           1      a fault of ours: a damaged lake, a broken promise between rooms
        └── LakeDamaged        a file that the manifest names is missing or is not what was published

The number is the exit code of a command. `code` is for programs and tests, `message` for a person, `hint` is a next step that works.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SpringtideError(Exception):
    """An error with a stable code, a message for a person, and a next step."""

    exit_code = 1
    default_code = "fault"

    def __init__(self, message: str, hint: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "hint": self.hint}


class BadInput(SpringtideError):
    """What was given cannot be taken."""

    exit_code = 2
    default_code = "bad_input"


class UnknownName(BadInput):
    """A name that nothing has."""

    default_code = "unknown_name"


class Refused(BadInput):
    """An action that may not happen now, or not by this member."""

    default_code = "refused"


class NothingYet(SpringtideError):
    """There is nothing to answer from yet."""

    exit_code = 3
    default_code = "nothing_yet"


class Fault(SpringtideError):
    """A fault of ours."""


class LakeDamaged(Fault):
    """A published file is missing or is not what was published."""

    default_code = "lake_damaged"


def suggest(word: str, allowed: Iterable[str]) -> str:
    """`Did you mean 'x'?` for the nearest allowed word, or the whole list when nothing is near."""
    allowed = sorted(allowed)
    near = get_close_matches(word, allowed, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"It can be one of: {', '.join(allowed)}." if allowed else ""
