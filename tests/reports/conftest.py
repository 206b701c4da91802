"""Three homes: one with ten weeks of a small exchange, one that was given little, and one that was given nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from springtide.home import Home
from springtide.kernel.settings import HomeSettings
from springtide.reports import ReportSnapshot, gather
from springtide.reports.page import shown
from springtide.reports.sections import Section
from springtide.reports.speech import Speech
from springtide.reports.tables import Table
from tests.exchange import Exchange

FIRST, LAST = date(2026, 3, 1), date(2026, 5, 9)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]

# Ids are the exchange's own: some look like a formula, some have more digits than a spreadsheet keeps.
FORMULA_ID = '=HYPERLINK("http://x","y")'
LONG_ID = "9007199254740993123"


def table(heading: str, rows: Iterable[str]) -> str:
    return "\n".join([heading, *rows])


def give_small_exchange(exchange: Exchange) -> None:
    """daily_trader trades every day, gone_quiet until day 30, back_again on days 0 to 9 and from day 60, the others as their names say."""
    exchange.has(
        "users",
        f"""
        user           registered_at  kyc_level  kyc_passed_at     vip_level  country  marketing_consent
        daily_trader   2026-03-01     1          2026-03-01T02:00  1          SG       yes
        gone_quiet     2026-03-01     1          2026-03-01T05:00  0          SG       yes
        back_again     2026-03-01     1          2026-03-03T00:00  0          VN       yes
        large_leaver   2026-03-02     1          2026-03-02T01:00  0          VN       no
        registered     2026-05-01     0          -                 0          -        no
        late_starter   2026-04-20     1          2026-04-20T03:00  0          TR       yes
        {FORMULA_ID}   2026-04-19     1          2026-04-19T03:00  0          TR       yes
        {LONG_ID}      2026-04-21     1          2026-04-21T03:00  0          TR       yes
        """,
    )
    trades = [
        *(f"daily_trader {day} 100 0.2" for day in DAYS),
        *(f"gone_quiet {day} 50 0.1" for day in DAYS[:31]),
        *(f"back_again {day} 40 0.1" for day in [*DAYS[:10], *DAYS[60:]]),
        *(f"large_leaver {day} 5000 5" for day in DAYS[1:30]),
        f"late_starter {DAYS[55]} 20 0.05",
    ]
    exchange.has("spot_trades", table("user executed_at notional_usdt fee_usdt", trades))
    exchange.has(
        "contract_trades",
        table("user executed_at notional_usdt fee_usdt", (f"daily_trader {day} 300 0.3" for day in DAYS[20:])),
    )
    deposits = [
        f"daily_trader {FIRST} deposit 500",
        f"gone_quiet {FIRST} deposit 200",
        f"large_leaver {DAYS[1]} deposit 50000",
        f"{FORMULA_ID} {DAYS[52]} deposit 300",
        f"{LONG_ID} {DAYS[54]} deposit 900",
    ]
    exchange.has("transfers", table("user happened_at kind usdt", deposits))
    held = {"daily_trader": 480, "gone_quiet": 150, "large_leaver": 49000, "back_again": 0}
    late = {FORMULA_ID: 300, LONG_ID: 900}
    balances = [
        *(f"{user} {day} spot {usdt + n}" for user, usdt in held.items() for n, day in enumerate(DAYS)),
        *(f"{user} {day} spot {usdt}" for user, usdt in late.items() for day in DAYS[55:]),
    ]
    exchange.has("balances", table("user day product usdt", balances))
    close = [60000 + 150 * n for n in range(110)]
    exchange.has(
        "prices", table("asset day close_usdt", (f"BTC {LAST - timedelta(days=n)} {close[-1 - n]}" for n in range(110)))
    )
    exchange.has(
        "vip_tiers",
        """
        scheme  level  valid_from  spot_volume_30d  contract_volume_30d  asset_usdt  logic
        main    1      2026-01-01  5000             8000                 10000       any
        main    2      2026-01-01  50000            80000                100000      any
        """,
    )
    exchange.states("restrictions", "sessions", "reward_entries", "campaign_tasks", "user_status_history", "links")


def said(section: Section) -> list[list[str]]:
    """A table's cells as an English reader sees them."""
    assert isinstance(section, Table)
    say = Speech("en")
    return [[shown(say, column, cell) for column, cell in zip(section.columns, row, strict=True)] for row in section.rows]


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Home:
    path = tmp_path_factory.mktemp("reports") / "home"
    made = Home.create(path, HomeSettings(exchange="=Blue <b>wave</b>"))
    exchange = Exchange.at(path)
    give_small_exchange(exchange)
    exchange.closes(LAST)
    # A late fill: the day is closed again, and the brief says which figures moved.
    exchange.has("spot_trades", f"user executed_at notional_usdt fee_usdt event_id\ngone_quiet {DAYS[-3]} 70 0.1 late-1")
    exchange.closes(LAST)
    exchange.engine.close()
    return made


@pytest.fixture(scope="session")
def snapshot(home) -> ReportSnapshot:
    return gather(home)


@pytest.fixture(scope="session")
def bare_home(tmp_path_factory) -> Home:
    """Ten days of spot trades whose fees nobody knows: no balances, no transfers, no prices."""
    path = tmp_path_factory.mktemp("reports-bare") / "home"
    made = Home.create(path, HomeSettings(exchange="Bare"))
    exchange = Exchange.at(path)
    exchange.has("users", "user registered_at\nalice 2026-03-01\nbob 2026-03-02")
    exchange.has("spot_trades", table("user executed_at notional_usdt", (f"alice {day} 10" for day in DAYS[:10])))
    exchange.closes(DAYS[12])
    exchange.engine.close()
    return made


@pytest.fixture
def empty_home(tmp_path) -> Home:
    return Home.create(tmp_path / "home", HomeSettings(exchange="Empty"))
