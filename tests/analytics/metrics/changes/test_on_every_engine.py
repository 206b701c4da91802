"""The definitions behind a change give the same rows on DuckDB and on Spark."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from springtide.analytics.daybook.tables import EQUITY_DAYS, FIRSTS, MOVES, PROFILES, USER_DAYS
from springtide.analytics.engine import Column, Schema, definition
from springtide.analytics.facts import fact_schema
from tests.analytics.engine.conformance import Table, agree

PACKAGE = "springtide.analytics.metrics.changes"
DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(20)]
THEN, NOW = DAYS[6], DAYS[13]
GROUPS: Schema = (Column("user_no", "integer"), Column("group_then", "varchar"), Column("group_now", "varchar"))


def rows(schema, made):
    blank = {c.name: None if c.nullable else "" if c.type == "varchar" else 0 for c in schema}
    return Table(schema, [tuple((blank | row)[c.name] for c in schema) for row in made])


@pytest.fixture(scope="module")
def tables():
    draw = Random(9)

    def at(day):
        return datetime.combine(day, datetime.min.time()) + timedelta(seconds=draw.randrange(86_400))

    def some(value):
        return value if draw.random() < 0.7 else None

    users = range(60)
    sums = ("spot_trades", "contract_trades", "spot_volume_usdt", "contract_volume_usdt", "spot_fees_usdt", "net_revenue_usdt",
            "deposit_usdt", "withdrawal_usdt", "realised_pnl_usdt", "rewards_cost_usdt")  # fmt: skip
    groups = ["active", "cooling", None]
    return {
        "profiles": rows(PROFILES, [
            {"user_no": u, "is_counted": u % 9 > 0, "registered_on": draw.choice(DAYS), "first_deposit_on": some(draw.choice(DAYS)),
             "first_trade_on": some(draw.choice(DAYS)), "channel_id": some("ads"), "country": some("DE")}
            for u in users
        ]),
        "firsts": rows(FIRSTS, [
            {"user_no": u, "registered_at": at(DAYS[0]), "first_deposit_at": some(at(draw.choice(DAYS))),
             "first_spot_at": some(at(draw.choice(DAYS))), "first_contract_at": some(at(draw.choice(DAYS)))}
            for u in users
        ]),
        "user_days": rows(USER_DAYS, [
            {"user_no": u, "day": day, **{name: draw.randrange(-50, 10**9) for name in sums}}
            for u in users for day in DAYS if draw.random() < 0.3
        ]),
        "equity_days": rows(EQUITY_DAYS, [
            {"user_no": u, "day": day, "equity_usdt": draw.randrange(10**12)} for u in users for day in DAYS if draw.random() < 0.8
        ]),
        "moves": rows(MOVES, [
            {"user_no": u, "day": day, "kind": "stratum", "key": "activity", "becomes": draw.choice(groups[:2]), "is_first": False}
            for u in users for day in DAYS if draw.random() < 0.2
        ]),
        "user_groups": rows(GROUPS, [{"user_no": u, "group_then": draw.choice(groups), "group_now": draw.choice(groups)} for u in users]),
        "balances": rows(fact_schema("balances"), [
            {"user_no": u, "day": day, "asset": asset, "product": draw.choice(["spot", "earn", "bonus"]), "quantity": Decimal(1),
             "usdt": draw.randrange(10**9)}
            for u in users for day in DAYS[::3] for asset in ("BTC", "USDT", "ODD")
        ]),
        "prices": rows(fact_schema("prices"), [
            {"asset": asset, "day": day, "close_usdt": draw.randrange(1, 10**9)} for asset in ("BTC", "USDT") for day in DAYS
        ]),
        "spot_trades": rows(fact_schema("spot_trades"), [
            {"user_no": draw.choice(users), "event_id": str(n), "executed_at": at(NOW), "base": draw.choice(["BTC", "ODD"]),
             "side": draw.choice(["buy", "sell"]), "price": Decimal(draw.randrange(1, 900)), "quantity": Decimal(1),
             "notional_usdt": draw.randrange(10**9)}
            for n in range(200)
        ]),
    }  # fmt: skip


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(tables, spark):
    days: dict[str, object] = {"then_on": THEN, "now_on": NOW}
    asked: dict[str, dict[str, object]] = {
        "people_stood": {"nobody": "(new)", "is_now": True},
        "people_moved": {"nobody": "(new)"},
        "stood": {"key": "activity", **days},
        "belongs": {"column": "channel_id"},
        "asset_held": {"day": NOW},
        "asset_flows": days,
        "asset_holdings": days,
        "spot_gains": {"day": NOW, "from_at": datetime(2026, 3, 14), "to_at": datetime(2026, 3, 15)},
    }
    for name, params in asked.items():
        assert agree(definition(PACKAGE, name), tables, params, spark=spark), f"{name} has nothing to compare"
