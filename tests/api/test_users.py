"""Lists of users over the API: exact, in pages, with the columns the member may see, and no way around them."""

import pytest

from springtide.home import Home, Selection
from springtide.operations.members import states


def test_pages_cover_the_list_once_each(program, small_home):
    page = program.get("users", limit=50, rule="trades_all >= 1")
    seen = [user["user_id"] for user in page["users"]]
    while page["next_offset"]:
        page = program.get("users", limit=50, offset=page["next_offset"], rule="trades_all >= 1")
        seen += [user["user_id"] for user in page["users"]]
    assert len(seen) == len(set(seen)) == page["total"]
    assert page["total"] == Home(small_home.path).count(Selection(rule="trades_all >= 1")).users


def test_columns_and_order_are_chosen(program):
    page = program.get("users", columns=["lifecycle", "equity_usdt"], order="equity_usdt", limit=5)
    assert all(list(user) == ["user_id", "lifecycle", "equity_usdt"] for user in page["users"])
    amounts = [float(user["equity_usdt"]) for user in page["users"]]
    assert amounts == sorted(amounts, reverse=True)
    assert all(isinstance(user["equity_usdt"], str) for user in page["users"])


def test_a_count_says_what_the_list_says(program):
    counted = program.get("users/count", by=["country"], sums=["equity_usdt"])
    assert counted["total"] == program.get("users", limit=1)["total"]
    assert sum(row["users"] for row in counted["rows"]) == counted["total"]
    assert all("." in row["equity_usdt"] for row in counted["rows"])


def test_what_a_member_may_not_see_is_left_out_and_named(program_of, serves, small_home):
    serves(small_home)
    page = program_of("analyst").get("users", columns=["country", "equity_usdt", "days_since_bonus_mark"])
    assert page["left_out"] == ["equity_usdt", "days_since_bonus_mark"]
    assert list(page["users"][0]) == ["user_id", "country"]


def test_a_token_without_money_shows_none_even_to_a_manager(program_of, serves, small_home):
    serves(small_home)
    page = program_of("manager", "see_users").get("users", columns=["equity_usdt"])
    assert page["left_out"] == ["equity_usdt"]


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("users", {"rule": "equity_usdt >= 1000"}),
        ("users", {"rule": "country = 'SG' and (tenure_days > 1 or coalesce(volume_30d_usdt, 0) > 5)"}),
        ("users", {"order": "equity_usdt"}),
        ("users/count", {"rule": "equity_usdt >= 1000"}),
        ("users/count", {"sums": "equity_usdt"}),
        ("users/count", {"by": "equity_usdt"}),
        ("users/count", {"by": "days_since_bonus_mark"}),
    ],
)
def test_nobody_finds_out_by_asking_around_it(program_of, serves, small_home, address, query):
    serves(small_home)
    program = program_of("analyst")
    assert program.get(address, **query)["code"] == "column_not_open"
    assert program.status == 403


@pytest.mark.parametrize("address", ["users", "users/count"])
@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_list_users(program_of, serves, small_home, role, address):
    serves(small_home)
    program = program_of(role)
    program.get(address)
    assert program.status == (200 if role in ("manager", "analyst") else 403)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "bad_request"),
        ({"limit": 1001}, "bad_request"),
        ({"offset": -1}, "bad_request"),
        ({"offset": 2**63}, "bad_request"),
        ({"offset": 10**30}, "bad_request"),
        ({"columns": "Equity"}, "bad_request"),
        ({"columns": "equty_usdt"}, "unknown_column"),
        ({"order": "password"}, "unknown_column"),
        ({"rule": "equty_usdt > 1"}, "unknown_column"),
        ({"rule": "lifecycle ="}, "bad_rule"),
        ({"rule": "true; drop table users"}, "bad_rule"),
        ({"rule": "x" * 4001}, "bad_request"),
        ({"rule": "user_id in (select user_id from users)"}, "bad_rule"),
    ],
)
def test_bad_input_is_refused_before_it_reaches_the_engine(program, query, code):
    told = program.get("users", **query)
    assert (program.status, told["code"]) == (422, code)
