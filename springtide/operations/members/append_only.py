"""The triggers with which the database itself refuses to change or remove an audit row."""

from __future__ import annotations

from typing import Any

_REFUSAL = "audit rows are never changed or removed"

_SQLITE = {
    f"audit_keeps_{verb}": f"create trigger if not exists audit_keeps_{verb} before {verb} on members_auditrow "
    f"begin select raise(abort, '{_REFUSAL}'); end"
    for verb in ("update", "delete")
}
_POSTGRESQL = (
    f"""
    create or replace function refuse_audit_change() returns trigger language plpgsql as
    $$ begin raise exception '{_REFUSAL}'; end $$
    """,
    """
    create or replace trigger audit_keeps_rows before update or delete on members_auditrow
    for each row execute function refuse_audit_change()
    """,
    """
    create or replace trigger audit_keeps_table before truncate on members_auditrow
    for each statement execute function refuse_audit_change()
    """,
)


def guard(schema: Any) -> None:
    """Set the triggers, if they are not there. INSERT OR REPLACE fires them too, since settings turn recursive_triggers on."""
    for statement in _SQLITE.values() if schema.connection.vendor == "sqlite" else _POSTGRESQL:
        schema.execute(statement)


def unguard(schema: Any) -> None:
    """Take the triggers away: for a migration that goes back, and for a test database that is emptied."""
    if schema.connection.vendor == "sqlite":
        for name in _SQLITE:
            schema.execute(f"drop trigger if exists {name}")
    else:
        for name in ("audit_keeps_rows", "audit_keeps_table"):
            schema.execute(f"drop trigger if exists {name} on members_auditrow")
