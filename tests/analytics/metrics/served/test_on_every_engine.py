"""The definitions behind served metrics give the same rows on DuckDB and on Spark."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from springtide.analytics import metrics
from springtide.analytics.daybook.tables import EQUITY_DAYS, FIRSTS, PROFILES, USER_DAYS
from springtide.analytics.engine import Column, Schema
from springtide.analytics.engine.dialect import lint
from springtide.analytics.facts import fact_schema
from springtide.analytics.metrics.reading import STRATA
from springtide.analytics.metrics.served.asked import DAY_BITS, PERIOD_MASKS, PERIODS_TABLE, WINDOWS
from tests.analytics.engine.conformance import Table, agree

ROOM = Path(metrics.__path__[0])
FILES = [
    *sorted((ROOM / "served").glob("*.sql")),
    *(ROOM / f"{name}.sql" for name in ("acquisition", "payback", "channel_spend")),
]
DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(31)]
SINCE, UNTIL = DAYS[0], DAYS[-1]
WEEKS = [(DAYS[n], DAYS[min(n + 6, 30)]) for n in range(0, 31, 7)]
PEOPLE: Schema = (Column("user_no", "integer"), Column("group_key", "varchar"))
PARAMS: dict[str, Any] = {
    "days": {},
    "users": {},
    "starts": {"began": "deposit", "done": "trade", "window_days": 7, "by_calendar": False, "matured_by": DAYS[20]},
    "lifetime": {"window_days": 7, "matured_by": DAYS[24]},
    "ends": {},
    "standing": {"lapsing_days": 30, "dormant_days": 90},
    "won_back": {},
    "left_with_assets": {"leaving_percent": 80},
    "emptied": {"empty_days": 9},
    "care": {},
    "wash": {"from_at": datetime(2026, 3, 1), "to_at": datetime(2026, 4, 1), "net_percent": 30},
    "acquisition": {"first_days": 10, "kept_days": 7, "most_linked": 3},
    "payback": {"last_age": 12},
    "channel_spend": {},
}


def midnight(day):
    return datetime.combine(day, datetime.min.time())


def rows(schema, made):
    empty = {"varchar": "", "boolean": False}
    blank = {c.name: None if c.nullable else empty.get(c.type, 0) for c in schema}
    return Table(schema, [tuple((blank | row)[c.name] for c in schema) for row in made])


@pytest.fixture(scope="module")
def tables():
    """Sixty users of thirty-one days, at random but always the same ones."""
    draw = Random(11)
    users = range(60)

    def at(day):
        return midnight(day) + timedelta(seconds=draw.randrange(86_400))

    def some(value):
        return value if draw.random() < 0.7 else None

    def fills(table):
        return rows(fact_schema(table), [
            {"user_no": user, "executed_at": at(draw.choice(DAYS)).replace(hour=9), "market": "BTC/USDT",
             "side": draw.choice(["buy", "sell"]), "notional_usdt": draw.randrange(10**9), "fill_type": "normal",
             "counterparty_user_id": some(f"u{draw.randrange(8)}"),
             "price": Decimal(1), "quantity": Decimal(1)}
            for user in range(8) for _ in range(40)
        ])  # fmt: skip

    sums = (
        "spot_trades",
        "contract_trades",
        "spot_volume_usdt",
        "spot_fees_usdt",
        "net_revenue_usdt",
        "withdrawal_usdt",
        "liquidations",
    )
    return {
        "people": Table(PEOPLE, [(user, draw.choice(["vip", "repeat"])) for user in users if user % 9]),
        "windows": Table(WINDOWS, [(day, since) for since, until in WEEKS for day in DAYS if since <= day <= until]),
        "day_bits": Table(DAY_BITS, [(day, 1 << place) for place, day in enumerate(DAYS)]),
        "period_masks": Table(PERIOD_MASKS, [(since, 127 << 7 * place) for place, (since, _) in enumerate(WEEKS)]),
        "periods": Table(PERIODS_TABLE, [
            (since, until, since, midnight(since), midnight(until) + timedelta(days=1)) for since, until in WEEKS
        ]),
        "profiles": rows(PROFILES, [
            {"user_no": user, "is_counted": user % 9 > 0, "registered_on": draw.choice(DAYS), "kyc_passed_on": some(draw.choice(DAYS)),
             "first_deposit_on": some(draw.choice(DAYS)), "first_trade_on": some(draw.choice(DAYS)), "last_trade_on": some(UNTIL),
             "days_since_trade": some(draw.randrange(120)), "is_restricted": draw.random() < 0.2, "channel_id": some("ads")}
            for user in users
        ]),
        "firsts": rows(FIRSTS, [
            {"user_no": user, "registered_at": at(SINCE), **{name: some(at(draw.choice(DAYS))) for name in
             ("kyc_at", "first_deposit_at", "first_spot_at", "first_contract_at")}}
            for user in users
        ]),
        "user_days": rows(USER_DAYS, [
            {"user_no": user, "day": day, "first_spot_at": some(midnight(day)),
             **{name: draw.choice([0, draw.randrange(10**6)]) for name in sums}}
            for user in users for day in DAYS if draw.random() < 0.3
        ]),
        "equity_days": rows(EQUITY_DAYS, [
            {"user_no": user, "day": day, "equity_usdt": draw.choice([0, draw.randrange(3 * 10**6)])}
            for user in users for day in DAYS if draw.random() < 0.5
        ]),
        "strata": rows(STRATA, [
            {"user_no": user, "is_counted": True, "lifecycle": draw.choice(["dormant", "vip"]),
             "incentive": draw.choice(["dependent", None])}
            for user in users
        ]),
        "tickets": rows(fact_schema("tickets"), [
            {"user_no": user, "opened_at": at(draw.choice(DAYS)), "csat": some(Decimal(draw.randrange(10, 50)) / 10)} for user in users
        ]),
        "users": rows(fact_schema("users"), [
            {"user_no": user, "user_id": f"u{user}", "master_no": user - user % 2, "registered_at": at(SINCE), "registered_on": SINCE}
            for user in users
        ]),
        "spot_trades": fills("spot_trades"),
        "contract_trades": fills("contract_trades"),
        "links": rows(fact_schema("links"), [
            {"user_no": user, "link_type": draw.choice(["device", "ip24"]), "link_hash": str(draw.randrange(30)),
             "first_seen_at": at(SINCE), "last_seen_at": at(SINCE)}
            for user in users
        ]),
        "channels": rows(fact_schema("channels"), [
            {"channel_id": "ads", "day": day, "name": "Ads", "spend_usdt": draw.randrange(10**9)} for day in DAYS
        ]),
    }  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_definition_keeps_the_rules_of_the_dialect(file):
    found = lint(file.read_text(encoding="utf-8"))
    assert not found, "\n".join(map(str, found))


@pytest.mark.spark
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_spark_tells_what_duckdb_tells(file, tables, spark):
    text = file.read_text(encoding="utf-8")
    read = {name: table for name, table in tables.items() if re.search(rf"(from|join) {name}\b", text)}
    assert agree(text, read, {"since": SINCE, "until": UNTIL, **PARAMS[file.stem]}, spark=spark), "nothing to compare"
