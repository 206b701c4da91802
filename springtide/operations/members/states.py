"""Roles and the rights they carry, and how long somebody who guesses passwords must wait. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

ROLES: Final = ("manager", "operator", "analyst", "qc_reviewer", "approver", "collaborator", "admin")
LANGUAGES: Final = ("en", "zh-hans")

# What the pages of the console ask for. Money of a single user is a right of its own, whatever face shows it.
SEE_OVERVIEW: Final = "see_overview"
SEE_USERS: Final = "see_users"
SEE_MONEY: Final = "see_money"
EXPORT_USERS: Final = "export_users"
SEE_DATA: Final = "see_data"
SEE_ROWS: Final = "see_rows"  # single input rows, as the quarantine shows them
IMPORT_DATA: Final = "import_data"
MANAGE_MEMBERS: Final = "manage_members"

RIGHTS: Final[dict[str, frozenset[str]]] = {
    "manager": frozenset({SEE_OVERVIEW, SEE_USERS, SEE_MONEY, EXPORT_USERS, SEE_DATA, SEE_ROWS, IMPORT_DATA}),
    "analyst": frozenset({SEE_OVERVIEW, SEE_USERS, SEE_DATA, SEE_ROWS, IMPORT_DATA}),
    "operator": frozenset({SEE_OVERVIEW, SEE_DATA}),
    "qc_reviewer": frozenset({SEE_OVERVIEW, SEE_DATA}),
    "approver": frozenset({SEE_OVERVIEW, SEE_DATA}),
    "collaborator": frozenset(),  # reads what is shared with the department, and nothing is shared until somebody shares it
    "admin": frozenset({SEE_DATA, MANAGE_MEMBERS}),  # no business data by default
}
# Rights that a role may lack and one member may be given by name.
GRANTABLE: Final = frozenset({SEE_MONEY, EXPORT_USERS})

# Wrong passwords allowed before the first wait. One name from one address is somebody who forgot; one name from everywhere, or
# one address with many names, is somebody who guesses.
FREE_FAILURES: Final = {"pair": 5, "name": 20, "address": 20}
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)


def rights_of(role: str, granted: frozenset[str] = frozenset()) -> frozenset[str]:
    """Every right of a member of this role; a role nobody knows has none."""
    return RIGHTS.get(role, frozenset()) | (granted & GRANTABLE)


def wait_after(kind: str, failures: int) -> timedelta:
    """How long the next try must wait after this many failures in a row: nothing at first, then doubling."""
    over = failures - FREE_FAILURES[kind]
    if over < 0:
        return timedelta()
    return min(FIRST_WAIT * 2.0 ** min(over, 10), LONGEST_WAIT)


def counted(failures: int, last_at: datetime, now: datetime) -> int:
    """Failures that still count at `now`: a day without any forgets them."""
    return 0 if now - last_at >= FORGOTTEN_AFTER else failures
