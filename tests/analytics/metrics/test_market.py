"""The market stands beside any answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from springtide.analytics.metrics.market import market
from springtide.kernel.errors import BadInput

PRICES = """
    day         btc_close_usdt  return_30d_ratio  volatility_30d_ratio  regime  is_high_volatility
    2026-01-01  90,000.5        -                 -                     -       -
    2026-03-29  100,000         0.2               0.5                   bull    no
    2026-03-30  80,000          -0.2              0.9                   bear    yes
"""


def test_a_range_of_days_and_the_last_of_them(lake):
    lake.has("market_days", PRICES)
    answer = market(lake.engine, lake.snapshot)
    assert [(str(row.day), row.btc_close_usdt, row.regime, row.is_high_volatility) for row in answer.rows] == [
        ("2026-01-01", Decimal("90000.5"), None, None),
        ("2026-03-29", 100_000, "bull", False),
        ("2026-03-30", 80_000, "bear", True),
    ]
    assert answer.current is not None
    assert answer.current.regime == "bear"
    assert [
        on and on.regime for on in (answer.on(date(2026, 3, 31)), answer.on(date(2026, 3, 29)), answer.on(date(2025, 1, 1)))
    ] == [
        "bear",
        "bull",
        None,
    ]
    assert market(lake.engine, lake.snapshot, since=date(2026, 3, 30), until=date(2026, 3, 30)).as_list()[0] == {
        "day": "2026-03-30", "btc_close_usdt": "80000.000000", "return_30d_ratio": -0.2, "volatility_30d_ratio": 0.9,
        "regime": "bear", "is_high_volatility": True,
    }  # fmt: skip


def test_without_prices_there_is_a_reason_and_no_regime(lake):
    answer = market(lake.engine, lake.snapshot)
    assert (answer.rows, answer.current) == ((), None)
    assert answer.reason == "no prices of BTC are known for these days"


def test_an_empty_range_is_refused(lake):
    with pytest.raises(BadInput) as refused:
        market(lake.engine, lake.snapshot, since=date(2026, 3, 2), until=date(2026, 3, 1))
    assert refused.value.code == "empty_range"
