"""A small exchange whose users have money worth hiding, and the engines that the console runs on."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from springtide.home import Home
from tests.exchange import Exchange

OLDEST = Path(sys.prefix) / "oldest-duckdb" / "bin" / "python"  # what `./run test` makes
DAY = date(2026, 3, 3)


@pytest.fixture(scope="session")
def small_home(tmp_path_factory):
    """A closed home: daily_trader is rich, and shares a phone with gone_quiet, who is restricted."""
    home = Home.create(tmp_path_factory.mktemp("console") / "home")
    exchange = Exchange.at(home.path)
    exchange.has("users", """
        user            registered_at  country  jurisdiction  referrer_user_id
        daily_trader    2026-02-01     SG       SG-MAS        -
        deposited_only  2026-02-20     VN       -             daily_trader
        gone_quiet      2026-01-01     TR       -             -
    """)  # fmt: skip
    exchange.has("spot_trades", """
        user          executed_at       market   price      quantity    notional_usdt  fee_usdt  via
        daily_trader  2026-03-01T10:00  BTCUSDT  60000.125  0.5         30000.0625     30        app
        daily_trader  2026-03-02T10:00  BTCUSDT  60000.125  1.25        75000.15625    75        app
        daily_trader  2026-03-03T10:00  BTCUSDT  60000.125  0.25        15000.03125    15        web
        gone_quiet    2026-03-01T09:00  BTCUSDT  60000.125  0.00078125  46.8750976     0.1       api
    """)  # fmt: skip
    exchange.has(
        "transfers",
        """
        user            happened_at  kind     usdt     quantity  address_hash
        deposited_only  2026-03-02   deposit  777.125  777.125   hash-of-an-address
    """,
    )
    exchange.has(
        "balances",
        """
        user            day         product  quantity    usdt
        daily_trader    2026-03-03  spot     123456.789  123456.789
        deposited_only  2026-03-03  spot     777.125     777.125
    """,
    )
    exchange.has(
        "links",
        """
        user          link_type  link_hash        first_seen_at  last_seen_at
        daily_trader  device     hash-of-a-phone  2026-02-01     2026-03-01
        gone_quiet    device     hash-of-a-phone  2026-02-01     2026-03-01
    """,
    )
    exchange.has(
        "restrictions",
        """
        user        kind       valid_from
        gone_quiet  sanctions  2026-03-02
    """,
    )
    exchange.has(
        "user_status_history",
        """
        user            attribute    old_value  new_value       valid_from
        gone_quiet      restriction  -          sanctions-list  2026-03-02
        deposited_only  kyc_level    0          1               2026-03-02
    """,
    )
    exchange.closes(DAY)
    exchange.engine.close()
    return home


@pytest.fixture(params=["installed", "oldest"])
def engine_python(request):
    """An interpreter that has the installed DuckDB, and one that has the oldest we support."""
    if request.param == "installed":
        return sys.executable
    if not OLDEST.is_file():
        pytest.skip("the oldest DuckDB that we support is not beside the installed one: ./run test puts it there")
    return str(OLDEST)
