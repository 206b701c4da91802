"""Users: dense numbers, masters, and users made from the facts."""

from __future__ import annotations

from datetime import date, datetime

from springtide.analytics.facts import parse_mapping
from tests.analytics.facts.conftest import USER, csv_of, trades, users

FILLS = parse_mapping(
    """
    table: spot_trades
    source: elsewhere
    columns: {who: user_id, at: executed_at, usd: notional_usdt}
    constants: {side: buy}
    unknown: [market, base, quote, price, quantity, fee_usdt]
    derive_users: first_seen
    number_rows: true
    """,
    "fills",
)


def numbers(exchange):
    return exchange.rows("users", "user_no, user_id, master_no")


def test_users_are_numbered_densely_in_the_order_of_registration(exchange):
    exchange.imports(
        "users.csv", csv_of("user_id registered_at\nlate 2026-02-01\nearly 2026-01-01\nalso_early 2026-01-01", USER)
    )
    assert numbers(exchange) == [(0, "also_early", 0), (1, "early", 1), (2, "late", 2)]
    exchange.imports("more/users.csv", csv_of("user_id registered_at\nearlier_still 2025-01-01", USER))
    assert numbers(exchange)[3] == (3, "earlier_still", 3)


def test_a_users_days_are_those_of_the_reporting_zone(exchange):
    exchange.zone = "Asia/Shanghai"
    exchange.imports(
        "users.csv",
        csv_of("user_id registered_at kyc_passed_at\nann 2026-01-01T16:00 2026-01-02T15:59\nbob 2026-01-01T15:59 -", USER),
    )
    assert exchange.rows("users", "user_id, registered_on, kyc_passed_on") == [
        ("ann", date(2026, 1, 2), date(2026, 1, 2)),
        ("bob", date(2026, 1, 1), None),
    ]
    assert exchange.revisions("users") == {"2026-01-01": 1, "2026-01-02": 1}


def test_facts_of_a_sub_account_carry_the_masters_number(exchange):
    exchange.imports("users.csv", csv_of("user_id master_user_id\nmain -\nsub main", USER))
    exchange.imports("spot_trades.csv", trades("event_id user_id\n1 sub\n2 main"))
    assert numbers(exchange) == [(0, "main", 0), (1, "sub", 0)]
    assert exchange.rows("spot_trades", "event_id, user_no, account_no") == [("1", 0, 1), ("2", 0, 0)]


def test_a_user_who_is_his_own_master_has_none(exchange):
    exchange.imports("users.csv", csv_of("user_id master_user_id\nann ann", USER))
    assert exchange.rows("users", "master_user_id, master_no") == [(None, 0)]


def test_what_is_new_about_a_user_replaces_what_was_known(exchange):
    exchange.imports("users.csv", users("ann", "bob", vip_level="1"))
    assert exchange.imports("users.csv", csv_of("user_id vip_level\nann 2\nbob 1", USER)) == (0, 1, 1, 0)
    assert exchange.rows("users", "user_no, user_id, vip_level") == [(0, "ann", 2), (1, "bob", 1)]
    assert exchange.rows("users_replaced", "user_id, vip_level") == [("ann", 1)]


def test_a_column_that_a_file_leaves_out_keeps_what_was_known(exchange):
    exchange.imports("users.csv", users("ann", country="SG"))
    exchange.imports("users.csv", csv_of("user_id status\nann frozen", USER))
    assert exchange.rows("users", "country, status") == [("SG", "frozen")]


def test_a_master_is_set_once_and_never_changed(exchange):
    exchange.imports("users.csv", users("ann", "bob", "cat"))
    assert exchange.imports("users.csv", csv_of("user_id master_user_id\ncat ann", USER)) == (0, 0, 1, 0)
    assert exchange.imports("users.csv", csv_of("user_id master_user_id\ncat bob", USER)) == (0, 0, 0, 1)
    assert exchange.imports("users.csv", csv_of("user_id master_user_id\ncat -", USER)) == (0, 0, 0, 1)
    assert numbers(exchange) == [(0, "ann", 0), (1, "bob", 1), (2, "cat", 0)]
    assert {(value, rule) for _, _, value, rule in exchange.refused()} == {("bob", "master_changed"), (None, "master_changed")}


def test_a_master_must_be_known_and_no_sub_account_itself(exchange):
    exchange.imports(
        "users.csv",
        csv_of(
            """
            user_id  master_user_id
            top      -
            sub      top
            subsub   sub
            orphan   nobody
            """,
            USER,
        ),
    )
    assert exchange.refused() == [
        (4, "master_user_id", "sub", "master_is_sub_account"),
        (5, "master_user_id", "nobody", "master_unknown"),
    ]
    assert exchange.imports("more/users.csv", csv_of("user_id master_user_id\nother -", USER)) == (1, 0, 0, 0)
    assert exchange.imports("more/users.csv", csv_of("user_id master_user_id\ntop other", USER)) == (0, 0, 0, 1)
    assert exchange.refused()[-1][3] == "master_unknown"
    assert (2, "master_user_id", "other", "master_has_sub_accounts") in exchange.refused()


def test_one_file_that_says_two_things_about_a_user_keeps_the_first(exchange):
    assert exchange.imports("users.csv", csv_of("user_id vip_level\nann 1\nann 2\nann 1", USER)) == (1, 1, 0, 1)
    assert exchange.rows("users", "vip_level") == [(1,)]


def test_users_are_derived_from_the_facts_and_marked(exchange):
    text = "who,at,usd\nzoe,2026-03-02 10:00:00,5\nzoe,2026-03-01 10:00:00,5\namy,2026-03-03,1\n"
    assert exchange.imports("fills.csv", text, mapping=FILLS) == (3, 0, 0, 0)
    assert exchange.rows("users", "user_no, user_id, registered_at, is_derived, user_type, status") == [
        (0, "zoe", datetime(2026, 3, 1, 10), True, "retail", None),
        (1, "amy", datetime(2026, 3, 3), True, "retail", None),
    ]
    assert exchange.notes("unknown")["users"] == [
        "channel_id", "country", "jurisdiction", "kyc_level", "kyc_passed_at", "language", "marketing_consent", "master_user_id",
        "referrer_user_id", "status", "timezone", "user_type", "vip_level",
    ]  # fmt: skip


def test_a_derived_user_who_was_seen_earlier_is_registered_earlier(exchange):
    exchange.imports("b.csv", "who,at,usd\nzoe,2026-03-02,5\n", mapping=FILLS)
    assert exchange.imports("a.csv", "who,at,usd\nzoe,2026-03-01,5\n", mapping=FILLS) == (1, 0, 0, 0)
    assert exchange.rows("users", "user_no, registered_on") == [(0, date(2026, 3, 1))]


def test_a_row_with_another_fault_derives_no_user(exchange):
    exchange.imports("a.csv", "who,at,usd\nzoe,2027-03-02,5\namy,2026-03-01,-1\n", mapping=FILLS)
    assert exchange.lake.snapshot().rows("users") == 0


def test_a_users_table_takes_over_from_derived_users(exchange):
    exchange.imports("b.csv", "who,at,usd\nzoe,2026-03-02,5\n", mapping=FILLS)
    assert exchange.imports("users.csv", users("zoe")) == (0, 0, 1, 0)
    assert exchange.rows("users", "user_no, registered_on, is_derived") == [(0, date(2026, 1, 1), False)]
    exchange.imports("c.csv", "who,at,usd\nzoe,2025-03-02,5\n", mapping=FILLS)
    assert [rule for *_, rule in exchange.refused()] == ["before_registration"]


def test_rows_of_one_file_may_repeat_where_they_are_numbered(exchange):
    text = "who,at,usd\nzoe,2026-03-02,5\nzoe,2026-03-02,5\n"
    assert exchange.imports("fills.csv", text, mapping=FILLS) == (2, 0, 0, 0)
    assert exchange.imports("fills.csv", text, mapping=FILLS) == (0, 2, 0, 0)
    assert exchange.imports("fills-2.csv", text, mapping=FILLS) == (2, 0, 0, 0)
    assert exchange.rows("spot_trades", "event_id, source") == [
        ("fills-2.csv:1", "elsewhere"),
        ("fills-2.csv:2", "elsewhere"),
        ("fills.csv:1", "elsewhere"),
        ("fills.csv:2", "elsewhere"),
    ]
