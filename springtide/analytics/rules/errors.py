"""What can be wrong with a rule's text."""

from __future__ import annotations

from collections.abc import Iterable

from springtide.kernel.errors import BadInput, UnknownName, suggest


class BadRule(BadInput):
    """The text is not a rule: it cannot be read, or it says something that rules do not say."""

    default_code = "bad_rule"


class WrongUnit(BadRule):
    """The rule sets unlike things side by side: money and a ratio, a date and a number."""

    default_code = "wrong_unit"


class UnknownColumn(UnknownName):
    """The rule names a column that does not exist."""

    default_code = "unknown_column"


def unknown_column(name: str, columns: Iterable[str]) -> UnknownColumn:
    """The error for a name that no column has: its nearest neighbour, then everything that exists."""
    existing = sorted(columns)
    near = suggest(name, existing)
    every = f"The columns are: {', '.join(existing)}." if existing else "There are no columns."
    return UnknownColumn(f"There is no column '{name}'.", f"{near} {every}" if near.startswith("Did") else every)
