from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.metrics.changes.assets import AssetMoves, asset_change, asset_split
from springtide.kernel.errors import NothingYet
from tests.exchange import Exchange

USERS = """
    user    registered_at  user_type
    holder  2026-01-01     retail
    maker   2026-01-01     market_maker
"""
PRICES = """
    asset  day         close_usdt
    BTC    2026-01-01  100
    BTC    2026-01-02  120
    BTC    2026-01-03  110
    USDT   2026-01-01  1
    USDT   2026-01-02  1
    USDT   2026-01-03  1
"""


@pytest.fixture
def exchange(tmp_path):
    made = Exchange.at(tmp_path)
    made.has("users", USERS)
    made.has("prices", PRICES)
    made.states("contract_trades", "sessions", "reward_entries")
    yield made
    made.engine.close()


def told(exchange, then_on, now_on):
    split = asset_change(
        exchange.engine,
        exchange.lake.snapshot(),
        then_on=date.fromisoformat(then_on),
        now_on=date.fromisoformat(now_on),
        zone=ZoneInfo("UTC"),
    )
    assert sum((row.amount for row in split.rows), Decimal(0)) == split.change
    return split, {row.effect: row.amount for row in split.rows}


def bought_a_dip(exchange):
    """1 BTC at 100 and 100 USDT; then 50 paid in, half a BTC bought at 100 with a fee of 1, and the day closes at 120."""
    exchange.has("transfers", """
        user    happened_at       kind     usdt
        holder  2026-01-02T08:00  deposit  50
    """)  # fmt: skip
    exchange.has("spot_trades", """
        user    executed_at       side  price  quantity  notional_usdt  fee_usdt
        holder  2026-01-02T09:00  buy   100    0.5       50             1
        maker   2026-01-02T09:00  sell  100    0.5       50             0
    """)  # fmt: skip
    exchange.has("balances", """
        user    day         asset  product  quantity  usdt
        holder  2026-01-01  BTC    spot     1         100
        holder  2026-01-01  USDT   spot     100       100
        maker   2026-01-01  BTC    spot     9         900
        holder  2026-01-02  BTC    spot     1.5       180
        holder  2026-01-02  USDT   spot     99        99
        holder  2026-01-02  USDT   bonus    500       500
        maker   2026-01-02  BTC    spot     8.5       1020
    """)  # fmt: skip
    exchange.closes(date(2026, 1, 2))


def test_paid_in_prices_trading_and_fees_are_told_apart_and_nothing_is_left(exchange):
    """79 = 50 paid in + 20 on the one BTC held + 10 on the half bought at 100 that closes at 120 − 1 fee."""
    bought_a_dip(exchange)
    split, effects = told(exchange, "2026-01-01", "2026-01-02")
    assert [split.then, split.now] == [200, 279]
    assert effects == {"net deposits": 50, "price effect": 20, "trading PnL": 10, "fees": -1, "rewards": 0, "other": 0}


def test_what_no_fact_says_is_other(exchange):
    """Two USDT of interest, which no table carries."""
    exchange.has("balances", """
        user    day         asset  product  quantity  usdt
        holder  2026-01-01  USDT   earn     100       100
        holder  2026-01-02  USDT   earn     102       102
    """)  # fmt: skip
    exchange.states("spot_trades", "transfers")
    exchange.closes(date(2026, 1, 2))
    _, effects = told(exchange, "2026-01-01", "2026-01-02")
    assert effects["other"] == 2
    assert effects["price effect"] == 0


def test_a_price_that_goes_and_comes_back_moves_what_was_held_on_each_day(exchange):
    """1 BTC through 100, 120, 110: 20 up, 10 down."""
    exchange.has("balances", """
        user    day         asset  product  quantity  usdt
        holder  2026-01-01  BTC    spot     1         100
        holder  2026-01-02  BTC    spot     1         120
        holder  2026-01-03  BTC    spot     1         110
    """)  # fmt: skip
    exchange.states("spot_trades", "transfers")
    exchange.closes(date(2026, 1, 3))
    _, effects = told(exchange, "2026-01-01", "2026-01-03")
    assert effects == {"price effect": 10, "net deposits": 0, "trading PnL": 0, "fees": 0, "rewards": 0, "other": 0}


def test_without_balances_it_is_not_available(exchange):
    exchange.has("sessions", "user  day\nholder  2026-01-01\nholder  2026-01-02")
    exchange.states("spot_trades", "transfers")
    exchange.closes(date(2026, 1, 2))
    with pytest.raises(NothingYet) as refused:
        told(exchange, "2026-01-01", "2026-01-02")
    assert refused.value.code == "not_available"


amounts = st.integers(-(10**15), 10**15)


@given(amounts, amounts, amounts, amounts, amounts, amounts, amounts)
def test_the_parts_sum_to_the_change_whatever_the_facts_say(then, now, net, price, pnl, fees, rewards):
    split = asset_split(AssetMoves(then, now, net, price, pnl, fees, rewards))
    assert sum((row.amount for row in split.rows), Decimal(0)) == split.change == Decimal(now - then).scaleb(-6)
