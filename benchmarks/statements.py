"""SQL files of several statements, each under a line `-- # name`."""

from __future__ import annotations

from functools import cache

from springtide.analytics.engine import definition


@cache
def statements(file: str) -> dict[str, str]:
    """The statements of `file.sql` beside this page, by name, in their order."""
    pieces = definition("benchmarks", file).text.split("\n-- # ")[1:]
    named = (piece.split("\n", 1) for piece in pieces)
    return {name.strip(): text.strip() for name, text in named}
