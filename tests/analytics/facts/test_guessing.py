"""Guessing a foreign file's table and columns, and previewing what would be taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from springtide.analytics.facts import guess, preview, save_mapping
from springtide.kernel.days import zone
from tests.analytics.facts.conftest import NOW, csv_of, trades

CHINESE = """用户ID,成交编号,成交时间,交易对,方向,角色,成交价格,成交数量,成交额,手续费
9007199254740993123,T1,2026/03/01 08:00:01,BTC-USDT,买入,吃单,50000.5,0.1,5000.05,5
9007199254740993124,T2,2026/03/01 09:00:01,BTC-USDT,卖出,挂单,50000.5,-0.1,5000.05,5
"""


def test_chinese_headings_values_and_times_are_understood(exchange):
    proposal = guess(exchange.file("明细.csv", CHINESE.encode("gb18030")), zone="Asia/Shanghai")
    assert (proposal.table, proposal.missing, proposal.needs_zone) == ("spot_trades", (), True)
    assert {column.name: column.ours for column in proposal.columns} == {
        "用户ID": "user_id", "成交编号": "event_id", "成交时间": "executed_at", "交易对": "market", "方向": "side", "角色": "role",
        "成交价格": "price", "成交数量": "quantity", "成交额": "notional_usdt", "手续费": "fee_usdt",
    }  # fmt: skip
    assert proposal.layout.values["side"] == {"买入": "buy", "卖出": "sell"}
    assert proposal.layout.time_formats == ("%Y/%m/%d %H:%M:%S",)
    assert proposal.columns[0].examples == ("9007199254740993123", "9007199254740993124")


def test_the_preview_shows_the_first_rows_and_what_would_be_quarantined(exchange):
    path = exchange.file("明细.csv", CHINESE.encode("gb18030"))
    shown = preview(path, guess(path, zone="Asia/Shanghai").mapping, zone=zone("Asia/Shanghai"), now=NOW)
    [one] = shown.tables
    assert (one.table, one.rows, one.good, shown.quarantined) == ("spot_trades", 2, 1, 1)
    first = one.first_rows.dicts()[0]
    assert first["executed_at"] == datetime(2026, 3, 1, 0, 0, 1)
    assert (first["user_id"], first["side"], first["base"], first["notional_usdt"]) == (
        "9007199254740993123", "buy", "BTC", Decimal("5000.05"),
    )  # fmt: skip
    assert [(problem.column, problem.rule, problem.rows) for problem in shown.problems] == [("quantity", "negative", 1)]


def test_a_preview_looks_users_up_in_the_lake_and_writes_nothing(exchange):
    exchange.has_users("ann")
    path = exchange.file("spot_trades.csv", trades("event_id user_id\n1 ann\n2 zoe") + "broken\n")
    before = exchange.version
    shown = preview(path, lake=exchange.lake, zone=zone("UTC"), now=NOW)
    assert [problem.rule for problem in shown.problems] == ["unknown_user", "layout"]
    assert exchange.version == before
    assert preview(path, zone=zone("UTC"), now=NOW).tables[0].good == 2


def test_a_preview_looks_at_the_first_rows_only(exchange):
    path = exchange.file("spot_trades.csv", trades("event_id\n" + "\n".join(map(str, range(50)))))
    assert preview(path, zone=zone("UTC"), now=NOW, rows=10).rows == 10


@pytest.mark.parametrize(
    ("name", "text", "table", "ours"),
    [
        ("a.csv", "uid,coin,wallet,date,amount,usd value\n1,BTC,spot,2026-03-01,1,5\n", "balances", "asset"),
        ("b.csv", "uid,register time,country,kyc level,status\n1,2026-03-01,SG,1,正常\n", "users", "registered_at"),
        ("c.csv", "用户ID,类型,币种,数量,申请时间,状态,流水号\n1,充值,USDT,5,2026-03-01 10:00:00,成功,9\n", "transfers", "kind"),
        ("d.csv", "invitee,inviter,invite code,time\n1,2,x,2026-03-01\n", "referrals", "inviter_id"),
        ("e.csv", "symbol,uid,side,px,qty,lever,pnl,time,tid,fee\nB,1,BUY,5,1,10,0,1772323200000,7,0\n", "contract_trades", "leverage"),
        ("users-2026.csv", "uid,created at\n1,2026-03-01\n", "users", "registered_at"),
        ("vip.csv", "scheme,level,valid from,logic\na,1,2026-03-01,any\n", "vip_tiers", "logic"),
    ],
)  # fmt: skip
def test_the_table_is_guessed_from_the_headings(exchange, name, text, table, ours):
    proposal = guess(exchange.file(name, text))
    assert proposal.table == table
    assert ours in {column.ours for column in proposal.columns}


def test_what_can_be_worked_out_is_proposed(exchange):
    text = "uid,id,symbol,side,price,qty,fee,time\nann,1,BTCUSDT,B,50000,2,1,1772323200000\n"
    path = exchange.file("fills.csv", text)
    proposal = guess(path, table="spot_trades")
    assert (proposal.missing, proposal.needs_zone) == ((), False)
    [one] = preview(path, proposal.mapping, zone=zone("UTC"), now=NOW).tables
    first = one.first_rows.dicts()[0]
    assert (first["base"], first["quote"], first["side"], first["notional_usdt"]) == ("BTC", "USDT", "buy", 100_000)
    assert first["executed_at"] == datetime(2026, 3, 1)


def test_times_with_a_zone_need_none(exchange):
    assert not guess(exchange.file("a.csv", "uid,created at\n1,2026-03-01T10:00:00+08:00\n"), table="users").needs_zone


def test_what_is_mandatory_and_missing_is_named(exchange):
    assert guess(exchange.file("a.csv", "uid,created at\n1,2026-03-01\n"), table="users").missing == (
        "kyc_level",
        "user_type",
        "status",
    )


def test_a_saved_mapping_that_fits_is_proposed(exchange):
    path = exchange.file("明细.csv", CHINESE)
    save_mapping(replace(guess(path).mapping, name="ours"), exchange.mappings)
    assert guess(path, saved_mappings=exchange.mappings).mapping.name == "ours"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("data", "file"),
    [
        ("balancer_weekly", "user_week.parquet"),
        ("hyperliquid_fills", "fills.parquet"),
        ("kwenta_perp_quest", "accounts.parquet"),
    ],
)
def test_the_published_sets_are_recognised(published, data, file):
    proposal = guess(published(data) / file)
    assert (proposal.mapping.name, proposal.missing) == (data, ())


def test_a_preview_of_a_table_of_our_own_needs_no_mapping(exchange):
    path = exchange.file("prices.csv", csv_of("asset day close_usdt\nBTC 2026-03-01 5\nBTC 2026-13-01 5"))
    [one] = preview(path, zone=zone("UTC"), now=NOW).tables
    assert (one.good, one.problems[0].column) == (1, "day")
