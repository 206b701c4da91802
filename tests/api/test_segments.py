"""Segments and single users over the API, with the columns that the member may see."""

import pytest

from springtide.operations.members import states


@pytest.fixture
def somebody(program):
    return program.get("users", rule="trades_all >= 1", limit=1)["users"][0]["user_id"]


def test_segments_are_told_with_their_text(program):
    told = program.get("segments")
    assert program.status == 200
    assert all(row["text"] or row["reason"] for row in told["rows"])


def test_a_text_is_counted_exactly(program):
    told = program.get("segments/size", text="trades_all >= 1")
    assert told["users"] == program.get("users", rule="trades_all >= 1", limit=1)["total"]


@pytest.mark.parametrize("address", ["segments/nothing/users", "segments/nothing/days"])
def test_a_segment_that_is_not_there(program, address):
    assert program.get(address)["code"] == "unknown_segment"
    assert program.status == 404


def test_a_text_over_closed_columns_is_not_counted(program_of, serves, small_home):
    serves(small_home)
    program = program_of("analyst")
    assert program.get("segments/size", text="equity_usdt > 5")["code"] == "column_not_open"


def test_one_user_is_told_with_the_rules(program, somebody):
    told = program.get(f"users/{somebody}")
    assert program.status == 200
    assert told["user_id"] == somebody
    lifecycle = next(each for each in told["stands"] if each["stratification"] == "lifecycle")
    assert lifecycle["why"]
    assert "." in told["profile"]["equity_usdt"]


def test_what_a_member_may_not_see_of_a_user_is_nowhere_in_the_answer(program_of, serves, small_home, somebody):
    serves(small_home)
    program = program_of("analyst")
    told = program.get(f"users/{somebody}")
    assert "equity_usdt" in told["left_out"]
    assert not [name for name in told["profile"] if name.endswith("_usdt")]
    assert {each["amount_usdt"] for each in told["timeline"]} <= {None}
    assert told["links"] == []
    assert next(each for each in told["stands"] if each["stratification"] == "assets")["why"] is None
    assert next(each for each in told["stands"] if each["stratification"] == "activity")["why"]


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_open_a_user(program_of, serves, small_home, role, somebody):
    serves(small_home)
    if role == "manager":
        return  # the fixture is one
    program = program_of(role)
    program.get(f"users/{somebody}")
    assert program.status == (200 if role == "analyst" else 403)


def test_a_user_who_is_not_there(program):
    assert program.get("users/nobody")["code"] == "unknown_user"
    assert program.status == 404
