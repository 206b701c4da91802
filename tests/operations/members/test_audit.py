"""The audit chain: append-only, and any change to it is found."""

import pytest
from django.db import Error, connection, transaction

from springtide.operations.members.actions import audit
from springtide.operations.members.models import AuditHead, AuditRow
from springtide.operations.members.reads import ChainState, audit_chain
from tests.operations.conftest import NOON


@pytest.fixture
def three_rows(db):
    for name in ("one", "two", "three"):
        audit("do", subject=name, acting=None, now=NOON, details={"users": 3})


def test_an_empty_chain_is_whole(db):
    assert audit_chain() == ChainState(rows=0, broken_at=None)


def test_a_chain_is_walked_to_its_end(three_rows):
    assert audit_chain() == ChainState(rows=3, broken_at=None)


@pytest.mark.usefixtures("three_rows", "guarded_audit")
@pytest.mark.parametrize(
    "attempt",
    [
        "update members_auditrow set subject = 'other' where number = 2",
        "delete from members_auditrow where number = 3",
        (
            "insert into members_auditrow (id, number, at, action, subject, was, becomes, details, hash) "
            "select id, number, at, action, 'other', was, becomes, details, hash from members_auditrow where number = 2 "
            "on conflict (number) do update set subject = 'other'"
        ),
        pytest.param(
            "set constraints all immediate; truncate members_auditrow",
            marks=pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE"),
        ),
        pytest.param(
            "insert or replace into members_auditrow (id, number, at, action, subject, was, becomes, details, hash) "
            "select id, number, at, action, 'other', was, becomes, details, hash from members_auditrow where number = 2",
            marks=pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has no INSERT OR REPLACE"),
        ),
    ],
)
def test_the_database_refuses_to_change_or_remove_a_row(attempt):
    with pytest.raises(Error, match="never changed or removed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attempt)
    assert audit_chain() == ChainState(rows=3, broken_at=None)


@pytest.fixture
def unguarded(three_rows):
    """Somebody with the database's own password took the triggers away."""
    from springtide.operations.members import append_only
    from tests.operations.conftest import _Plain

    with connection.cursor() as cursor:
        append_only.unguard(_Plain(cursor))


@pytest.mark.usefixtures("unguarded")
def test_a_changed_row_is_found():
    AuditRow.objects.filter(number=2).update(details={"users": 4})
    assert audit_chain() == ChainState(rows=1, broken_at=2)


@pytest.mark.usefixtures("unguarded")
def test_a_removed_row_is_found_in_the_middle_and_at_the_end():
    AuditRow.objects.filter(number=3).delete()
    assert audit_chain() == ChainState(rows=2, broken_at=3)
    AuditRow.objects.filter(number=1).delete()
    assert audit_chain() == ChainState(rows=0, broken_at=1)


@pytest.mark.usefixtures("unguarded")
def test_a_head_that_was_set_back_is_found():
    AuditRow.objects.filter(number=3).delete()
    AuditHead.objects.update(rows=2)
    assert audit_chain() == ChainState(rows=2, broken_at=3)
