"""Quarantine: what is refused is kept as it came, listed once, and may be offered again."""

from __future__ import annotations

from typing import Any

import pytest

from springtide.analytics.facts import Imported, retry_quarantine
from springtide.kernel.days import zone
from springtide.kernel.errors import NothingYet
from tests import sql
from tests.analytics.facts.conftest import TRADE, Exchange, trades, users


def retry(exchange: Exchange, **how: Any) -> Imported:
    return retry_quarantine(
        exchange.lake, zone=zone(exchange.zone), now=exchange.now, saved_mappings=exchange.mappings, memory="400MB", **how
    )


def test_rows_of_users_who_come_later_go_in_when_offered_again(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id user_id price\n1 zoe 1\n2 zoe -1\n3 ann 1"))
    exchange.imports("more/users.csv", users("zoe"))
    told = retry(exchange)
    assert told.as_dict()["tables"]["spot_trades"] == {"read": 2, "taken": 1, "duplicate": 0, "corrected": 0, "quarantined": 1}
    assert exchange.rows("spot_trades", "event_id, user_id") == [("1", "zoe"), ("3", "ann")]
    assert exchange.refused() == [(3, "price", "-1", "negative")]


def test_offering_again_what_is_still_wrong_changes_nothing(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id user_id\n1 zoe"))
    before = exchange.version
    retry(exchange)
    assert exchange.version == before


def test_the_file_imported_again_takes_what_may_go_in_now(exchange):
    exchange.has_users("ann")
    text = trades("event_id user_id\n1 zoe\n2 ann")
    exchange.imports("spot_trades.csv", text)
    exchange.imports("more/users.csv", users("zoe"))
    assert exchange.imports("spot_trades.csv", text) == (1, 1, 0, 0)
    assert exchange.refused() == []


def test_another_file_of_the_same_name_leaves_older_entries_alone(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id price\n1 -1"))
    exchange.imports("spot_trades.csv", trades("event_id price\n2 5"))
    exchange.imports("spot_trades.csv", trades("event_id price\n3 -3"))
    assert exchange.refused() == [(2, "price", "-1", "negative"), (2, "price", "-3", "negative")]


def test_a_row_that_now_breaks_another_rule_is_listed_under_that_one(exchange):
    exchange.has_users("ann")
    text = trades("event_id user_id executed_at\n1 zoe 2025-12-01")
    exchange.imports("spot_trades.csv", text)
    exchange.imports("more/users.csv", users("zoe"))
    retry(exchange)
    assert exchange.refused() == [(2, "executed_at", "2025-12-01", "before_registration")]


def test_typed_rows_are_offered_again_as_they_were(exchange):
    exchange.has_users("ann")
    path = exchange.folder / "spot_trades.parquet"
    rest = ", ".join(f"'{value}' as {name}" for name, value in TRADE.items() if name not in ("user_id", "executed_at", "price"))
    sql.run(
        "copy (select 9223372036854775807 as event_id, 'zoe' as user_id, timestamp '2026-03-01 10:00:00.123456' as executed_at, "
        f"0.1::double as price, {rest}) to '{path}' (format parquet)"
    )
    assert exchange.imports("spot_trades.parquet") == (0, 0, 0, 1)
    exchange.imports("more/users.csv", users("zoe"))
    retry(exchange)
    [row] = exchange.rows("spot_trades", "event_id, executed_at, price")
    assert [str(value) for value in row] == ["9223372036854775807", "2026-03-01 10:00:00.123456", "0.100000000000"]
    assert exchange.imports("spot_trades.parquet") == (0, 1, 0, 0)


def test_rows_read_by_a_mapping_are_offered_again_by_it(exchange):
    exchange.has_users("ann")
    exchange.mappings.mkdir()
    (exchange.mappings / "theirs.yml").write_text(
        """
        table: spot_trades
        where: state = 'FILLED'
        columns: {uid: user_id, ts: executed_at, usd: notional_usdt}
        ignore: [state]
        constants: {side: buy}
        unknown: [market, base, quote, price, quantity, fee_usdt]
        number_rows: true
        """
    )
    text = "uid,ts,usd,state\nann,2026-03-01,1,FILLED\nzoe,2026-03-01,2,FILLED\nzoe,2026-03-01,3,OPEN\n"
    assert exchange.imports("fills.csv", text, mapping="theirs") == (1, 0, 0, 1)
    exchange.imports("more/users.csv", users("zoe"))
    retry(exchange)
    assert exchange.rows("spot_trades", "event_id, notional_usdt") == [("fills.csv:1", 1_000_000), ("fills.csv:2", 2_000_000)]
    assert exchange.imports("fills.csv", text, mapping="theirs") == (0, 2, 0, 0)


def test_one_table_may_be_offered_alone(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id user_id\n1 zoe"))
    exchange.imports("sessions.csv", "user_id,day,platform,sessions\nzoe,2026-03-01,app,1\n")
    exchange.imports("more/users.csv", users("zoe"))
    assert list(retry(exchange, table="sessions").tables) == ["sessions"]
    assert [rule for *_, rule in exchange.refused()] == ["unknown_user"]


def test_an_empty_quarantine_has_nothing_to_offer(exchange):
    exchange.has_users("ann")
    with pytest.raises(NothingYet):
        retry(exchange)


def test_lines_that_are_no_rows_stay_until_their_file_is_mended(exchange):
    exchange.has_users("ann")
    text = trades("event_id\n1\n2")
    exchange.imports("spot_trades.csv", text + "broken\n")
    with pytest.raises(NothingYet):
        retry(exchange)
    assert exchange.refused() == [(4, None, "broken", "layout")]
