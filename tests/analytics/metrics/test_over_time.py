"""Concentration and the change of assets over time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from springtide.analytics.metrics.asset_changes import asset_changes
from springtide.analytics.metrics.concentration_trend import concentration_trend
from springtide.kernel.errors import NothingYet


def test_concentration_is_told_of_every_kept_day(lake):
    for day, equity in (("2026-02-28", 100), ("2026-03-31", 300)):
        lake.has("profiles", f"user_no equity_usdt\n1 {equity}\n2 100", on=day)
        lake.has("strata", "user_no\n1\n2", on=day)
    told = concentration_trend(lake.engine, lake.snapshot, top_users=1).rows
    assets = [(f"{row.day:%m-%d}", row.top_users_ratio, row.hhi) for row in told if row.measure == "assets"]
    assert assets == [("02-28", 0.5, 0.5), ("03-31", 0.75, 0.625)]
    assert not concentration_trend(lake.engine, lake.snapshot, until=date(2026, 2, 1)).rows


def test_a_change_of_assets_is_always_split_and_the_parts_add_up(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("equity_days", "user_no day equity_usdt\n1 2026-03-28 100\n1 2026-03-29 140\n1 2026-03-30 120")
    lake.has("user_days", """
        user_no  day         deposit_usdt  withdrawal_usdt  realised_pnl_usdt  contract_fees_usdt
        1        2026-03-29  50            0                -5                 2
        1        2026-03-30  0             25               0                  0
    """)  # fmt: skip
    told: Any = asset_changes(lake.engine, lake.snapshot, since=date(2026, 3, 29), period="day").rows
    assert [(row.change, row.net_deposits, row.trading_pnl, row.fees, row.other) for row in told[:2]] == [
        (40, 50, -5, -2, -3), (-20, -25, 0, 0, 5),
    ]  # fmt: skip
    for row in told[:2]:
        parts = (row.net_deposits, row.price_effect, row.trading_pnl, row.fees, row.rewards, row.other)
        assert sum(parts, Decimal(0)) == row.change == row.after - row.before
    assert (told[2].change, told[2].reason) == (None, "What users held on 2026-03-31 is not known.")


def test_without_balances_no_change_is_told(lake_of):
    with pytest.raises(NothingYet):
        asset_changes((lake := lake_of(given=())).engine, lake.snapshot)
