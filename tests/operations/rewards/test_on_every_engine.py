"""The definitions of rewards say the same on DuckDB and on Spark."""

from datetime import date, datetime

import pytest

from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import DuckEngine, definition
from springtide.analytics.engine.dialect import lint
from springtide.analytics.facts import fact_schema
from springtide.operations.rewards.conditions import LISTED_MARKETS, OPEN_REWARDS
from springtide.operations.rewards.reconciling import PACKAGE


def _row(schema, **values):
    return tuple(
        values.get(column.name, 0 if column.type in ("bigint", "integer") and not column.nullable else None)
        for column in schema
    )


def _rows(table, *rows):
    schema = fact_schema(table)
    return table, schema, [_row(schema, **each) for each in rows]


def _at(day, hour=0):
    return datetime(2026, 3, day, hour)


TABLES = (
    _rows(
        "users",
        {"user_no": 1, "master_no": 1, "user_id": "ann", "kyc_level": 2},
        {"user_no": 2, "master_no": 2, "user_id": "bob"},
    ),
    _rows(
        "spot_trades",
        {"user_no": 1, "market": "BTC-USDT", "executed_at": _at(3, 5), "notional_usdt": 700},
        {"user_no": 1, "market": "ETH-USDT", "executed_at": _at(3, 6), "notional_usdt": 50},
    ),
    _rows(
        "contract_trades",
        {"user_no": 1, "market": "BTC-PERP", "executed_at": _at(4, 5), "notional_usdt": 30, "fill_type": "normal"},
        {"user_no": 1, "market": "BTC-PERP", "executed_at": _at(4, 6), "notional_usdt": 99, "fill_type": "liquidation"},
    ),
    _rows(
        "reward_entries",
        {"user_no": 1, "action": "grant", "usdt": 10, "happened_at": _at(2, 1), "reference": "k"},
        {"user_no": 1, "action": "consume_fee", "usdt": 4, "happened_at": _at(3, 1), "reference": "k"},
        {"user_no": 1, "action": "expire", "usdt": 6, "happened_at": _at(9, 1), "reference": "k"},
        {"user_no": 1, "action": "grant", "usdt": 10, "happened_at": _at(2, 1)},
    ),
    (
        "user_days",
        USER_DAYS,
        [
            _row(USER_DAYS, user_no=1, day=date(2026, 3, 2), deposit_usdt=150, spot_volume_usdt=20),
            _row(USER_DAYS, user_no=1, day=date(2026, 3, 4), withdrawal_usdt=60, contract_volume_usdt=30),
            _row(USER_DAYS, user_no=1, day=date(2026, 3, 6), deposit_usdt=10),
        ],
    ),
    (
        "open_rewards",
        OPEN_REWARDS,
        [
            (1, 1, 1, "", False, date(2026, 3, 2), _at(2), date(2026, 3, 3), _at(3), date(2026, 3, 5)),
            (2, 2, 1, "", True, date(2026, 3, 2), _at(2), None, None, None),
            (3, 1, 2, "spot", False, date(2026, 3, 2), _at(2), None, None, None),
        ],
    ),
    ("listed_markets", LISTED_MARKETS, [(2, "BTC-USDT"), (2, "BTC-PERP")]),
)


def _told(engine):
    for table, schema, rows in TABLES:
        engine.table(table, schema, rows)
    progress = engine.rows(definition(PACKAGE, "progress").text, as_of=date(2026, 3, 6), to_at=_at(7)).values
    entries = engine.rows(definition(PACKAGE, "entries").text, to_at=_at(7)).values
    return sorted(progress), sorted(entries)


@pytest.mark.parametrize("name", ["progress", "entries"])
def test_the_definitions_keep_the_dialect(name):
    assert lint(definition(PACKAGE, name).text) == ()


@pytest.mark.spark
def test_progress_and_entries_are_the_same_on_every_engine(spark):
    duck = DuckEngine(memory_limit="500MB", threads=1)
    try:
        progress, entries = _told(duck)
    finally:
        duck.close()
    assert progress == [(1, 2, 100, 90, 50, 30), (2, 2, 100, None, 730, 0), (3, None, 0, None, 0, 0)]
    assert entries == [("k", 10, 4, False, False, False, _at(3, 1))]
    assert _told(spark) == (progress, entries)
