"""What a statement may say, and what is said when it may not."""

import pytest

from springtide.home import sql
from springtide.home.sql.statement import DEEPEST, LONGEST
from springtide.kernel.errors import BadInput


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("select * from users", ("users",)),
        ("from users select user_id limit 2;", ("users",)),
        ("with busy as (select user_id from profiles) select * from busy inner join strata using (user_id)", ("profiles", "strata")),
        ("with users as (select * from users) select * from users", ("users",)),
        ("with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select * from n", ()),
        ("select 1 union all select 2 -- two rows", ()),
        ("SELECT USER_ID FROM USERS", ("users",)),
        ("select (select max(day) from moves)", ("moves",)),
    ],
)  # fmt: skip
def test_the_tables_of_a_statement_are_those_of_the_console_that_it_reads(text, tables):
    assert sql.check(text).tables == tables


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", "bad_statement", "There is no statement."),
        ("select 1; select 2", "bad_statement", "There are 2 statements."),
        ("drop table users", "bad_statement", "This is not a query."),
        ("select * fromm users where", "bad_statement", "line 1"),
        ("select 'a", "bad_statement", "cannot be read as SQL"),
        ("select 1" + " " * LONGEST + "-- ", "bad_statement", "characters"),
        ("select " + "(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1), "bad_statement", "deep"),
        ("select * from usrs", "unknown_table", "no table 'usrs'"),
        ("select * from main.users", "not_in_console", "another schema"),
        ("select repeat('x', 10)", "not_in_console", "the function repeat"),
        ("select * from range(3000000)", "not_in_console", "a series of more than 1,000,000 numbers"),
        ("select cast(1 as mine)", "not_in_console", "the type mine"),
    ],
)  # fmt: skip
def test_a_statement_that_cannot_run_is_told_why(text, code, says):
    with pytest.raises(BadInput, match=says.replace("(", "\\(")) as refused:
        sql.check(text)
    assert refused.value.code == code


def test_a_name_that_nothing_has_is_told_the_nearest():
    with pytest.raises(BadInput) as refused:
        sql.check("select * from profile")
    assert refused.value.hint == "Did you mean 'profiles'?"


def test_a_with_table_is_known_only_where_it_is_in_scope():
    with pytest.raises(BadInput, match="no table 'busy'"):
        sql.check("select * from (with busy as (select 1) select * from busy) as x, busy")
