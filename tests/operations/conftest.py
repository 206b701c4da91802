"""The cast of the tests of operations, and a database on which two may write at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from springtide.operations.members import append_only
from springtide.operations.members.actions import create_member

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
PASSWORD = "a tide that lifts 3 boats"


@pytest.fixture
def member_of(db):
    """Makes a member of a role, named after it."""

    def make(role, **more):
        return create_member(username=role, display_name=role.title(), role=role, password=PASSWORD, now=NOON, **more)

    return make


@pytest.fixture
def manager(member_of):
    return member_of("manager")


@pytest.fixture
def database_for_two(transactional_db):
    """Commits are real here. The triggers of journals would refuse the emptying that follows, so they are lifted for it."""
    from django.db import connection

    yield
    with connection.schema_editor() as schema:
        for table in ("members_auditrow", "rewards_entry", "rewards_posting"):
            append_only.unguard(schema, table)


@pytest.fixture
def guarded_audit(db):
    from django.db import connection

    with connection.cursor() as cursor:
        append_only.guard(_Plain(cursor))


class _Plain:
    """A cursor that looks like a schema editor: triggers inside the test's own transaction."""

    def __init__(self, cursor):
        self.cursor, self.connection = cursor, cursor.db

    def execute(self, statement):
        self.cursor.execute(statement)
