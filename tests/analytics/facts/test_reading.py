"""Reading foreign files: encodings, compression, workbooks, Parquet's own types."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from springtide.analytics.facts import parse_mapping
from tests import sql
from tests.analytics.facts.conftest import TRADE, trades

CHINESE = parse_mapping(
    """
    table: spot_trades
    zone: Asia/Shanghai
    columns:
      用户ID: user_id
      成交编号: event_id
      成交时间: executed_at
      交易对: market
      方向: side
      价格: price
      数量: quantity
      成交额: notional_usdt
      手续费: fee_usdt
    expressions:
      base: split_part(交易对, '/', 1)
      quote: split_part("交易对", '/', 2)
    values: {side: {买入: buy, 卖出: sell}}
    """,
    "chinese",
)
TEXT = "用户ID,成交编号,成交时间,交易对,方向,价格,数量,成交额,手续费\nann,1,2026-03-01 07:00:00,比特币/USDT,买入,50000,0.1,5000,5\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_seen(exchange, encoding):
    exchange.has_users("ann")
    assert exchange.imports("成交.csv", TEXT.encode(encoding), mapping=CHINESE) == (1, 0, 0, 0)
    assert exchange.rows("spot_trades", "executed_at, base, quote, side") == [
        (datetime(2026, 2, 28, 23), "比特币", "USDT", "buy")
    ]


def test_a_packed_file_of_another_encoding_is_read(exchange):
    exchange.has_users("ann")
    assert exchange.imports("成交.csv.gz", gzip.compress(TEXT.encode("gb18030")), mapping=CHINESE) == (1, 0, 0, 0)


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_lines_may_end_in_any_way(exchange, newline):
    exchange.has_users("ann")
    assert exchange.imports("spot_trades.csv", trades("event_id\n1\n2").replace("\n", newline)) == (2, 0, 0, 0)


def test_lines_may_end_in_two_ways_in_one_file(exchange):
    exchange.has_users("ann")
    text = trades("event_id\n1\n2\n3").splitlines()
    assert exchange.imports("spot_trades.csv", f"{text[0]}\n{text[1]}\r\n{text[2]}\n{text[3]}") == (3, 0, 0, 0)


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(exchange):
    exchange.has_users("ann")
    text = 'event_id,user_id,at,question,score,reason\n1,ann,2026-03-01,nps,9,"fine, said ""ann""\nand left"\n'
    assert exchange.imports("surveys.csv", text) == (1, 0, 0, 0)
    assert exchange.rows("surveys", "reason") == [('fine, said "ann"\nand left',)]


def test_headings_may_differ_in_case_and_outer_blanks(exchange):
    exchange.has_users("ann")
    heading, row = trades("event_id\n1").splitlines()
    assert exchange.imports("spot_trades.csv", f"{heading.upper().replace(',', ' , ')}\n{row}\n") == (1, 0, 0, 0)


def test_blanks_around_texts_are_cut(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id\n1", user_id=" ann ", market=" BTC "))
    assert exchange.rows("spot_trades", "market, user_id") == [("BTC", "ann")]


def test_parquet_is_read_with_its_own_types(exchange):
    exchange.has_users("7")
    path = exchange.folder / "spot_trades.parquet"
    sql.run(
        "copy (select 1234567890123456789 as event_id, 7::smallint as user_id, timestamptz '2026-03-01 10:00:00+08' as executed_at, "
        "'BTC-USDT' as market, 'BTC'::enum('BTC', 'ETH') as base, 'USDT' as quote, 'BUY' as side, 0.1::float as price, "
        "12345678901234567890.5::decimal(38, 4) as quantity, 1567878.465937::double as notional_usdt, 1::utinyint as fee_usdt, "
        f"null as via) to '{path}' (format parquet)"
    )
    assert exchange.imports("spot_trades.parquet") == (1, 0, 0, 0)
    [row] = exchange.rows("spot_trades", "event_id, user_id, executed_at, base, side, quantity, notional_usdt, fee_usdt")
    assert row == (
        "1234567890123456789", "7", datetime(2026, 3, 1, 2), "BTC", "buy", Decimal("12345678901234567890.5"), 1_567_878_465_937,
        1_000_000,
    )  # fmt: skip


def test_days_and_json_come_from_parquets_own_types(exchange):
    exchange.has_users("ann")
    path = exchange.folder / "events.parquet"
    sql.run(
        "copy (select 'e' as event_id, 'ann' as user_id, date '2026-03-01' as at, 'quiz' as name, {'score': 5} as properties) "
        f"to '{path}'"
    )
    assert exchange.imports("events.parquet") == (1, 0, 0, 0)
    assert exchange.rows("events", "happened_at, properties") == [(datetime(2026, 3, 1), '{"score":5}')]
    sql.run(
        "copy (select 'ann' as user_id, 'app' as platform, 1 as sessions, d as day from (values (timestamp '2026-03-01'), "
        f"(timestamp '2026-03-02 10:00')) as t(d)) to '{exchange.folder}/sessions.parquet'"
    )
    assert exchange.imports("sessions.parquet") == (1, 0, 0, 1)
    assert exchange.rows("sessions", "day") == [(date(2026, 3, 1),)]


def workbook(path, **sheets):
    book = openpyxl.Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_workbook_is_read_with_its_ids_exact(exchange):
    exchange.has_users("ann")
    names = ["event_id", *TRADE]
    values = ["ann", datetime(2026, 3, 1, 10, 30), "BTC-USDT", "BTC", "USDT", "buy", 0.1, 2, 5000.25, -0.5]
    workbook(
        exchange.folder / "spot_trades.xlsx",
        Sheet=[
            names,
            ["1234567890123456789", *values],
            [1234567890123456789, *values],
            [17, *values],
            [None] * 11,
            [18, *values[:-1], "x"],
        ],
    )
    assert exchange.imports("spot_trades.xlsx") == (2, 0, 0, 3)
    assert exchange.rows("spot_trades", "event_id, executed_at, price, quantity, notional_usdt, fee_usdt", order="event_id")[1] == (
        "17", datetime(2026, 3, 1, 10, 30), Decimal("0.1"), 2, 5_000_250_000, -500_000,
    )  # fmt: skip
    assert [(line, rule) for line, _, _, rule in exchange.refused()] == [(3, "digits_lost"), (5, "missing"), (6, "type")]


def test_every_sheet_named_after_a_table_is_imported(exchange):
    workbook(
        exchange.folder / "march.xlsx",
        Notes=[["anything"]],
        prices=[["asset", "day", "close_usdt"], ["BTC", date(2026, 3, 1), 90000.5]],
        campaign_tasks=[["campaign_ref", "starts_at", "ends_at"], ["spring", datetime(2026, 3, 1), datetime(2026, 7, 1)]],
    )
    told = exchange.imported("march.xlsx")
    assert [(name, counts.taken) for name, counts in told.tables.items()] == [("prices", 1), ("campaign_tasks", 1)]
    assert exchange.rows("prices", "day, close_usdt") == [(date(2026, 3, 1), 90_000_500_000)]
