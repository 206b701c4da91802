"""Which columns of single users a member may see: one answer for screens, exports, the API, the SQL console and reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from springtide.kernel.errors import Refused
from springtide.operations.members.models import Member
from springtide.operations.members.states import field_right


@dataclass(frozen=True)
class Fields:
    """Columns as they were asked for, parted: those that are shown, and those that the member may not see."""

    shown: tuple[str, ...]
    left_out: tuple[str, ...]


def fields(member: Member, columns: Iterable[str], *ties: str) -> Fields:
    """Part `columns` of users to whom the member has `ties` by what the member may see: the row comes without the others."""
    asked = tuple(columns)
    shown = tuple(column for column in asked if (right := field_right(column)) is None or member.may(right, *ties))
    return Fields(shown, tuple(column for column in asked if column not in shown))


def refuse_closed(member: Member, columns: Iterable[str]) -> None:
    """Refuse a question about columns that the member may not see: who may pick users by a figure can find the figure out.

    refuses    column_not_open    a rule, an order or a split names such a column
    """
    if closed := fields(member, columns).left_out:
        raise Refused(
            f"You may not ask about {', '.join(closed)} of single users.",
            "Ask by a stratum, such as assets or value; or ask an approver for the right.",
            code="column_not_open",
        )
