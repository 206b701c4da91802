"""The days of watched metrics are the same on DuckDB and on Spark."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest

from springtide.analytics.daybook.tables import EQUITY_DAYS, FIRSTS, PROFILES, USER_DAYS
from springtide.analytics.engine import definition
from springtide.analytics.metrics.signals.watched import PACKAGE
from tests.analytics.engine.conformance import Table, agree

DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(10)]


@pytest.fixture(scope="module")
def tables():
    draw = Random(3)
    sums = ("spot_trades", "contract_trades", "spot_volume_usdt", "contract_volume_usdt", "spot_fees_usdt", "contract_fees_usdt",
            "net_revenue_usdt", "deposit_usdt", "withdrawal_usdt")  # fmt: skip

    def rows(schema, made):
        blank = {c.name: None if c.nullable else "" if c.type == "varchar" else 0 for c in schema}
        return Table(schema, [tuple((blank | row)[c.name] for c in schema) for row in made])

    def some(value):
        return value if draw.random() < 0.7 else None

    def at():
        return datetime.combine(draw.choice(DAYS), datetime.min.time()) + timedelta(seconds=draw.randrange(86_400))

    users = range(80)
    return {
        "profiles": rows(PROFILES, [
            {"user_no": u, "is_counted": u % 9 > 0, "channel_id": some(draw.choice(["ads", "friends"])), "registered_on": draw.choice(DAYS),
             "first_deposit_on": some(draw.choice(DAYS)), "first_trade_on": some(draw.choice(DAYS))}
            for u in users
        ]),
        "firsts": rows(FIRSTS, [
            {"user_no": u, "registered_at": at(), "first_deposit_at": some(at()), "first_spot_at": some(at()),
             "first_contract_at": some(at())}
            for u in users
        ]),
        "user_days": rows(USER_DAYS, [
            {"user_no": u, "day": day, **{name: draw.choice([0, draw.randrange(-9, 10**9)]) for name in sums}}
            for u in users for day in DAYS if draw.random() < 0.4
        ]),
        "equity_days": rows(EQUITY_DAYS, [
            {"user_no": u, "day": day, "equity_usdt": draw.randrange(10**12)} for u in users for day in DAYS if draw.random() < 0.6
        ]),
    }  # fmt: skip


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(tables, spark):
    for name in ("watched_days", "watched_starts", "watched_assets"):
        told = agree(definition(PACKAGE, name), tables, {"since": DAYS[1], "until": DAYS[-1]}, spark=spark)
        assert told, f"{name} has nothing to compare"
