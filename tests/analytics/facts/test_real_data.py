"""The three published sets, by their shipped mappings: counts as their READMEs give them, nothing lost, twice changes nothing."""

from __future__ import annotations

from datetime import date

import pytest

pytestmark = pytest.mark.real_data


@pytest.fixture
def taken(exchange, published):
    """Import a published set twice: counts of the first import, and whether the second changed anything."""

    def of(name):
        exchange.folder = published(name).parent
        first = exchange.imported(name, mapping=name)
        manifest = exchange.lake.manifest_path.read_bytes()
        again = exchange.imported(name, mapping=name)
        assert exchange.lake.manifest_path.read_bytes() == manifest
        for table, counts in again.tables.items():
            assert (counts.duplicate, counts.taken) == (first.tables[table].read, 0)
        assert sum(counts.quarantined for counts in first.tables.values()) == 0
        assert first.failures == ()
        return {table: counts.taken for table, counts in first.tables.items()}

    return of


def test_balancer_weekly(exchange, taken):
    assert taken("balancer_weekly") == {"prices": 984, "user_days": 1_282_857}
    assert exchange.lake.snapshot().rows("users") == 85_250
    rows = exchange.rows(
        "given_user_days", "product, grain, reward_asset, is_trading, day, user_no, reward_quantity", order="day"
    )
    trading = [row for row in rows if row[3]]
    assert {row[:3] for row in trading} == {("trade_gas_rebate", "week", "BAL")}
    assert (len(trading), len({row[5] for row in trading})) == (53_290, 35_284)
    assert (trading[0][4], trading[-1][4]) == (date(2021, 1, 25), date(2021, 10, 25))
    first_week = [row for row in trading if row[4] == date(2021, 1, 25)]
    assert (len(first_week), round(float(sum(row[6] for row in first_week)), 2)) == (441, 929.42)
    earning = [row for row in rows if row[0] == "lp_mining"]
    assert {row[2] for row in earning} == {"BAL"}
    assert len({row[5] for row in earning}) == 55_864
    assert len({row[0] for row in rows}) == 17
    assert exchange.notes("grains") == ["week"]
    assert {"trades", "volume_usdt", "fees_usdt"} <= set(exchange.notes("unknown")["given_user_days"])


def test_hyperliquid_fills(exchange, taken):
    assert taken("hyperliquid_fills") == {"spot_trades": 36_760, "contract_trades": 174_464}
    contracts = exchange.rows("contract_trades", "notional_usdt, realised_pnl_usdt, fill_type, side, position_side")
    spot = exchange.rows("spot_trades", "notional_usdt, side")
    assert len(contracts) + len(spot) == 211_224
    assert exchange.lake.snapshot().rows("users") == 32
    assert sum(row[0] for row in [*contracts, *spot]) == 1_191_187_442_460_000
    kinds = {kind: sum(row[2] == kind for row in contracts) for kind in ("normal", "adl", "liquidation", "settlement")}
    assert kinds == {"normal": 174_454, "adl": 8, "liquidation": 1, "settlement": 1}
    assert sum(row[3] is None for row in contracts) == 9
    assert {"market", "price", "fee_usdt"} <= set(exchange.notes("unknown")["contract_trades"])
    assert "side" not in exchange.notes("unknown")["contract_trades"]


def test_kwenta_perp_quest(exchange, taken):
    assert taken("kwenta_perp_quest") == {"period_totals": 20_741}
    rows = exchange.rows("period_totals", "trades, volume_usdt, liquidations, from_day, to_day, product")
    assert round(sum(row[0] == 2 for row in rows) / len(rows), 3) == 0.777
    assert {row[3:] for row in rows} == {(date(2022, 7, 1), date(2022, 12, 31), "contract")}
    assert exchange.lake.snapshot().rows("users") == 20_741
