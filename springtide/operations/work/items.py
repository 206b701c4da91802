"""Pieces of work with a user that somebody of the team is to do: opened by a journey, once while they are open, and done or dropped.

Who gets which, and by when they answer, belongs to those who organise the team's day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from springtide.kernel.errors import Refused
from springtide.operations.inserting import insert_many
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.work import states
from springtide.operations.work.models import Item
from springtide.operations.work.reads import ties_to

COLUMNS = ("origin", "key", "user_id", "type", "title", "queue", "opened_at", "due_at")


@dataclass(frozen=True)
class NewItem:
    """A piece of work. `key`: what asked for it, so that it is opened once; `queue`: of whom; `due_hours`: within how many."""

    origin: str
    key: str
    user_id: str
    type: str
    title: str
    queue: str
    due_hours: int


def open_items(items: Iterable[NewItem], *, now: datetime) -> int:
    """Open pieces of work, in the caller's transaction; how many are new. While one of the origin, user and type is open it is the one.

    The audit row is the caller's.

    writes    items, new
    """
    rows = (
        (each.origin, each.key, each.user_id, each.type, each.title, each.queue, now, now + timedelta(hours=each.due_hours))
        for each in items
    )
    return insert_many(Item, COLUMNS, rows, skip_known=True)


@transaction.atomic
def finish_item(item: Item, move: str, *, note: str = "", acting: Member, now: datetime) -> None:
    """Say that it is done, or that it is not to be done: `done` or `cancel`, the latter with a reason.

    writes     the item; one audit row
    refuses    not_allowed      `acting` does not work with this user
               move_not_open    it is closed already
               no_reason        it is dropped without a word
    """
    if not acting.may(rights.WORK_USERS, *ties_to(acting, item.user_id)):
        raise Refused("This user is not in your care.", "Ask a manager to give the user to you.", code="not_allowed")
    becomes = states.ITEM_ENDS[move]
    if move == "cancel" and not note.strip():
        raise Refused("It is dropped without a word.", "Say why.", code="no_reason")
    ended = {"state": becomes, "note": note.strip()[:400], "closed_at": now, "closed_by": acting}
    if not Item.objects.filter(pk=item.pk, state__in=states.ITEM_OPEN).update(**ended):
        raise Refused("It is closed already.", "Reload the page.", code="move_not_open")
    audit("finish_item", subject=f"user {item.user_id}", acting=acting, now=now, becomes=becomes, details={"item": item.pk})
