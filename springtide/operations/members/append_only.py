"""The triggers with which the database itself refuses to change or remove what was written: audit rows, and other rooms' journals."""

from __future__ import annotations

from typing import Any, Final

AUDIT: Final = "members_auditrow"
_NAMES: Final = {AUDIT: "audit"}  # as the triggers of the first table were called before there were others


def guard(schema: Any, table: str = AUDIT) -> None:
    """Set the triggers of a table, if they are not there. INSERT OR REPLACE fires them too, since settings turn recursive_triggers on."""
    name, refusal = _NAMES.get(table, table), f"{_NAMES.get(table, table)} rows are never changed or removed"
    if schema.connection.vendor == "sqlite":
        for verb in ("update", "delete"):
            schema.execute(
                f"create trigger if not exists {name}_keeps_{verb} before {verb} on {table} "
                f"begin select raise(abort, '{refusal}'); end"
            )
        return
    schema.execute(
        f"create or replace function refuse_{name}_change() returns trigger language plpgsql as "
        f"$$ begin raise exception '{refusal}'; end $$"
    )
    for what, when, each in (("rows", "update or delete", "row"), ("table", "truncate", "statement")):
        schema.execute(
            f"create or replace trigger {name}_keeps_{what} before {when} on {table} "
            f"for each {each} execute function refuse_{name}_change()"
        )


def unguard(schema: Any, table: str = AUDIT) -> None:
    """Take the triggers away: for a migration that goes back, and for a test database that is emptied."""
    name = _NAMES.get(table, table)
    if schema.connection.vendor == "sqlite":
        for verb in ("update", "delete"):
            schema.execute(f"drop trigger if exists {name}_keeps_{verb}")
    else:
        for what in ("rows", "table"):
            schema.execute(f"drop trigger if exists {name}_keeps_{what} on {table}")
