"""How far each table reaches, and which of them is late."""

from datetime import date, timedelta

import pytest

from springtide.home import Home
from tests.exchange import Exchange


@pytest.fixture
def exchange(tmp_path):
    Home.create(tmp_path)
    exchange = Exchange.at(tmp_path)
    exchange.has("users", "user  registered_at\nann  2026-01-01")
    return exchange


def _came(exchange, table, column, *days):
    exchange.has(table, f"user  {column}\n" + "\n".join(f"ann  {day}" for day in days))


def _behind(tmp_path):
    return {table.name: table.days_behind for table in Home(tmp_path).freshness().tables}


def test_a_table_is_late_by_its_own_rhythm(exchange, tmp_path):
    every_day = [date(2026, 1, 1) + timedelta(days=n) for n in range(100)]  # through 10 April
    _came(exchange, "spot_trades", "executed_at", *(f"{day}T10:00" for day in every_day))
    _came(exchange, "commissions", "happened_at", "2026-01-01T00:00", "2026-02-01T00:00", "2026-03-01T00:00")
    _came(exchange, "sessions", "day", *every_day[:-3])

    # Commissions came after 31 and 28 days, and are due on 1 April, of which ten days have begun.
    assert _behind(tmp_path) == {"users": None, "spot_trades": 0, "sessions": 3, "commissions": 10}


def test_what_comes_by_the_month_is_not_late_within_the_month(exchange, tmp_path):
    _came(exchange, "spot_trades", "executed_at", "2026-03-20T10:00", "2026-03-21T10:00", "2026-03-22T10:00")
    _came(exchange, "commissions", "happened_at", "2026-02-01T00:00", "2026-03-01T00:00")

    assert _behind(tmp_path)["commissions"] == 0
