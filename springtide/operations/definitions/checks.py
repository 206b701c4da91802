"""What a body of each kind must be, asked of the room that will read it: nothing is saved that could not be put in force."""

from __future__ import annotations

from typing import Final

from springtide.analytics import strata
from springtide.operations.definitions.states import Body, Check


def _strata(key: str, body: Body) -> None:
    strata.of_content({"key": key, "version": 1, **body}, key, name=f"stratification '{key}'")


CHECKS: Final[dict[str, Check]] = {"strata": _strata}
