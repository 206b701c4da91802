"""The tables of the console, and the rights that their columns need."""

import pytest

from springtide.home import sql
from springtide.operations.members.states import SEE_MONEY, SEE_PERSONAL, SEE_RISK, field_right

RIGHTS = {SEE_MONEY: "money", SEE_PERSONAL: "personal", SEE_RISK: "risk"}


@pytest.mark.parametrize("table", sql.shown_tables().values(), ids=lambda table: table.name)
def test_a_column_that_needs_a_right_anywhere_needs_it_here(table):
    if table.is_about_users:
        closed = {c.name: RIGHTS[right] for c in table.columns if (right := field_right(c.name))}
        assert [name for name, right in closed.items() if any(c.name == name for c in table.open_to(sql.ALL - {right}))] == []


def test_every_table_and_column_says_what_it_is():
    tables = sql.shown_tables().values()
    assert [table.name for table in tables if not table.about] == []
    assert [f"{table.name}.{column.name}" for table in tables for column in table.columns if not column.about] == []


def test_no_table_shows_the_lakes_own_numbers_of_users():
    shown = {column.name for table in sql.shown_tables().values() for column in table.columns}
    assert not [name for name in shown if name.endswith("_no")]


def test_without_any_right_whoever_is_linked_or_restricted_is_closed():
    closed = {name for name, table in sql.shown_tables().items() if not table.open_to(frozenset())}
    assert closed == {"links", "restrictions", "bonus_marks", "referrals"}
