"""Whom an audience takes as of a day: the selection that counts them, lists them and freezes them, the same everywhere."""

from __future__ import annotations

from datetime import date

from springtide.home import Home
from springtide.home.users import Crossed, Moved, Selection
from springtide.operations.campaigns.definition import Audience, Definition


def selection(audience: Audience, day: date) -> Selection:
    """The users of an audience as of a day; everyone is in it, and who must not be sent anything is refused with the reason."""
    move = audience.moved
    if move is None:
        return Selection(audience.rule, as_of=day, everyone=True)
    if move.stratification is None:
        return Selection(audience.rule, as_of=day, crossed=Crossed(move.into, day, day, "entered"), everyone=True)
    moved = Moved(move.stratification, day, day, move.out_of, move.into)
    return Selection(audience.rule, as_of=day, moved=moved, everyone=True)


def reach(home: Home, definition: Definition) -> int | None:
    """How many users it would address as things stand; None where an event decides.

    refuses    nothing_closed, not_kept
    """
    if definition.entry.kind == "event":
        return None
    day = definition.audience.as_of or home.lake.snapshot().require_closed()
    return home.count(selection(definition.audience, day)).users
