"""Each stratum of each shipped stratification, with its exact edges, in Python and in SQL. Money in the tables is in USDT."""

from __future__ import annotations

from typing import Any

import pytest

from springtide.analytics.strata import EDGES, KEYS, load, strata_query
from springtide.kernel.money import micro

STRATIFICATIONS = {stratification.key: stratification for stratification in load()}

# The day's edges for `value`: the deciles 10, 20 … 90 and the 99th percentile 500.
VALUE_EDGES = dict(zip(EDGES, [10, 20, 30, 40, 50, 60, 70, 80, 90, 500], strict=True))

TRADED: dict[str, Any] = {"days_since_trade": 3, "trades_all": 1}
VOLUME: dict[str, Any] = {"volume_90d_usdt": 100, "contract_volume_90d_usdt": 50}

CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "lifecycle": [
        ({"days_since_registration": 0}, "registered_fresh"),
        ({"days_since_registration": 30}, "registered_fresh"),
        ({"days_since_registration": 31}, "registered_stale"),
        ({"kyc_level": 1, "days_since_registration": 400}, "kyc_passed"),
        ({"kyc_level": 1, "days_since_registration": 1}, "kyc_passed"),
        ({"days_since_first_deposit": 0, "kyc_level": 1}, "deposited_fresh"),
        ({"days_since_first_deposit": 30}, "deposited_fresh"),
        ({"days_since_first_deposit": 31, "kyc_level": 2}, "deposited_stale"),
        ({"days_since_trade": 0, "trades_all": 1}, "first_traded"),
        ({"days_since_trade": 30, "trades_all": 1, "days_since_first_deposit": 99}, "first_traded"),
        ({"days_since_trade": 30, "trades_all": 2}, "repeat"),
        ({"days_since_trade": 3, "trades_all": 1, "contract_trades_30d": 1}, "contract_active"),
        ({"days_since_trade": 3, "trades_all": 9, "contract_trades_30d": 1, "vip_level": 1}, "vip"),
        ({"vip_level": 3}, "vip"),
        ({"days_since_trade": 31, "trades_all": 9, "vip_level": 5}, "lapsing"),  # a silent VIP is lapsing
        ({"days_since_trade": 90, "trades_all": 1}, "lapsing"),
        ({"days_since_trade": 91, "trades_all": 1}, "dormant"),
        ({"days_since_trade": 91, "status": "closed"}, "closed"),
        ({"status": "closed", "is_restricted": True}, "restricted"),
        ({"status": "frozen", **TRADED}, "restricted"),
        ({"is_restricted": True, "vip_level": 3, **TRADED}, "restricted"),
        ({"vip_level": None, "kyc_level": None, "status": None, **TRADED}, "first_traded"),
    ],
    "tenure": [
        ({"tenure_days": 0}, "day0"),
        ({"tenure_days": 1}, "onboarding"),
        ({"tenure_days": 7}, "onboarding"),
        ({"tenure_days": 8}, "settling"),
        ({"tenure_days": 30}, "settling"),
        ({"tenure_days": 31}, "young"),
        ({"tenure_days": 90}, "young"),
        ({"tenure_days": 91}, "established"),
        ({"tenure_days": 365}, "established"),
        ({"tenure_days": 366}, "veteran"),
    ],
    "activity": [
        ({"days_since_trade": None}, "never_traded"),
        ({"days_since_trade": 0}, "active"),
        ({"days_since_trade": 7}, "active"),
        ({"days_since_trade": 8}, "cooling"),
        ({"days_since_trade": 30}, "cooling"),
        ({"days_since_trade": 31}, "quiet"),
        ({"days_since_trade": 60}, "quiet"),
        ({"days_since_trade": 61}, "silent"),
        ({"days_since_trade": 90}, "silent"),
        ({"days_since_trade": 91}, "cold"),
        ({"days_since_trade": 180}, "cold"),
        ({"days_since_trade": 181}, "lost"),
    ],
    "frequency": [
        ({"trading_days_30d": None}, "none"),
        ({"trading_days_30d": 0}, "none"),
        ({"trading_days_30d": 1}, "light"),
        ({"trading_days_30d": 2}, "light"),
        ({"trading_days_30d": 3}, "regular"),
        ({"trading_days_30d": 7}, "regular"),
        ({"trading_days_30d": 8}, "busy"),
        ({"trading_days_30d": 15}, "busy"),
        ({"trading_days_30d": 16}, "heavy"),
        ({"trading_days_30d": 30}, "heavy"),
    ],
    "assets": [
        ({"asset_size_usdt": None}, "empty"),
        ({"asset_size_usdt": -5}, "empty"),
        ({"asset_size_usdt": "0.999999"}, "empty"),
        ({"asset_size_usdt": 1}, "dust"),
        ({"asset_size_usdt": "9.999999"}, "dust"),
        ({"asset_size_usdt": 10}, "micro"),
        ({"asset_size_usdt": "99.999999"}, "micro"),
        ({"asset_size_usdt": 100}, "small"),
        ({"asset_size_usdt": "999.999999"}, "small"),
        ({"asset_size_usdt": 1_000}, "mid"),
        ({"asset_size_usdt": 10_000}, "large"),
        ({"asset_size_usdt": "99999.999999"}, "large"),
        ({"asset_size_usdt": 100_000}, "vip"),
        ({"asset_size_usdt": "999999.999999"}, "vip"),
        ({"asset_size_usdt": 1_000_000}, "whale"),
    ],
    "behaviour": [
        ({}, "idle"),
        ({"user_type": "market_maker", "api_volume_90d_usdt": 100, **VOLUME}, "market_maker"),
        ({"api_volume_90d_usdt": 50, "arbitrage_volume_90d_usdt": 100, **VOLUME}, "api_bot"),
        ({"api_volume_90d_usdt": "49.999999", **VOLUME}, "mixed"),
        ({"arbitrage_volume_90d_usdt": 50, "days_since_bonus_mark": 1, **VOLUME}, "arbitrage"),
        ({"arbitrage_volume_90d_usdt": "49.999999", **VOLUME}, "mixed"),
        ({"days_since_bonus_mark": 0, "copy_volume_90d_usdt": 100, **VOLUME}, "bonus_hunter"),
        ({"days_since_bonus_mark": 90}, "bonus_hunter"),
        ({"days_since_bonus_mark": 91}, "idle"),  # the mark has expired
        ({"copy_volume_90d_usdt": 50, "volume_90d_usdt": 100, "contract_volume_90d_usdt": 100}, "copy"),
        ({"copy_volume_90d_usdt": "49.999999", **VOLUME}, "mixed"),
        ({"volume_90d_usdt": 100, "contract_volume_90d_usdt": "95.000001"}, "contract_only"),
        ({"volume_90d_usdt": 100, "contract_volume_90d_usdt": 95}, "mixed"),
        (
            {"volume_90d_usdt": 100, "contract_volume_90d_usdt": "4.999999", "equity_usdt": 100, "earn_equity_usdt": 90},
            "spot_only",
        ),
        ({"volume_90d_usdt": 100, "contract_volume_90d_usdt": 5}, "mixed"),
        ({"equity_usdt": 1_000, "earn_equity_usdt": 500}, "earner"),
        ({"equity_usdt": 1_000, "earn_equity_usdt": "499.999999"}, "holder"),
        ({"equity_usdt": 100}, "holder"),
        ({"equity_usdt": "99.999999"}, "idle"),
        ({"equity_usdt": 100, "net_deposit_90d_usdt": "-0.000001"}, "idle"),  # more goes out than comes in
        ({"equity_usdt": 100, "trades_30d": 1}, "idle"),
        ({"trades_30d": 99}, "idle"),
        ({"trades_30d": 100}, "high_turnover"),
        ({"trades_30d": 100, "equity_usdt": 100}, "high_turnover"),
    ],
    "value": [
        ({"net_revenue_90d_usdt": "-0.000001", **VALUE_EDGES}, "negative"),
        ({"net_revenue_90d_usdt": 0, **VALUE_EDGES}, "zero"),
        ({"net_revenue_90d_usdt": None, **VALUE_EDGES}, "zero"),
        ({"net_revenue_90d_usdt": "0.000001", **VALUE_EDGES}, "d1"),
        ({"net_revenue_90d_usdt": 10, **VALUE_EDGES}, "d1"),
        ({"net_revenue_90d_usdt": "10.000001", **VALUE_EDGES}, "d2"),
        ({"net_revenue_90d_usdt": 30, **VALUE_EDGES}, "d3"),
        ({"net_revenue_90d_usdt": 40, **VALUE_EDGES}, "d4"),
        ({"net_revenue_90d_usdt": 50, **VALUE_EDGES}, "d5"),
        ({"net_revenue_90d_usdt": 60, **VALUE_EDGES}, "d6"),
        ({"net_revenue_90d_usdt": 70, **VALUE_EDGES}, "d7"),
        ({"net_revenue_90d_usdt": 80, **VALUE_EDGES}, "d8"),
        ({"net_revenue_90d_usdt": 90, **VALUE_EDGES}, "d9"),
        ({"net_revenue_90d_usdt": "90.000001", **VALUE_EDGES}, "top10"),
        ({"net_revenue_90d_usdt": 500, **VALUE_EDGES}, "top10"),
        ({"net_revenue_90d_usdt": "500.000001", **VALUE_EDGES}, "top1"),
        ({"net_revenue_90d_usdt": -1}, "negative"),  # a day on which no counted user earned us anything: no edges
        ({"net_revenue_90d_usdt": 0}, "zero"),
        ({"net_revenue_90d_usdt": 5}, "zero"),
    ],
    "incentive": [
        ({}, "organic"),
        ({"fees_90d_usdt": 100}, "organic"),
        ({"fees_90d_usdt": 100, "rewards_consumed_90d_usdt": "19.999999"}, "organic"),
        ({"fees_90d_usdt": 100, "rewards_consumed_90d_usdt": 20}, "helped"),
        ({"fees_90d_usdt": "0.3", "rewards_consumed_90d_usdt": "0.06"}, "helped"),
        ({"fees_90d_usdt": 100, "rewards_consumed_90d_usdt": 100}, "helped"),
        ({"fees_90d_usdt": 100, "rewards_consumed_90d_usdt": "100.000001"}, "dependent"),
        ({"fees_90d_usdt": 0, "rewards_consumed_90d_usdt": 1}, "dependent"),
        ({"fees_90d_usdt": -5, "rewards_consumed_90d_usdt": 1}, "dependent"),  # rebates, and rewards on top
        ({"fees_90d_usdt": -5}, "organic"),
        ({"fees_90d_usdt": 100, "rewards_consumed_90d_usdt": None}, "organic"),
    ],
    "vip_distance": [
        ({"vip_next_ratio": 0.0}, "far"),
        ({"vip_next_ratio": 0.199999}, "far"),
        ({"vip_next_ratio": 0.2}, "under_half"),
        ({"vip_next_ratio": 0.499999}, "under_half"),
        ({"vip_next_ratio": 0.5}, "over_half"),
        ({"vip_next_ratio": 0.799999}, "over_half"),
        ({"vip_next_ratio": 0.8}, "near"),
        ({"vip_next_ratio": 0.999999}, "near"),
        ({"vip_next_ratio": 1.0}, "in_tier"),
        ({"vip_next_ratio": None, "vip_level": 9}, "in_tier"),  # nothing is above the top tier
        ({"vip_next_ratio": None, "vip_level": None}, "far"),
        ({"vip_next_ratio": 0.9, "vip_level": 2, "is_downgrade_risk": True}, "at_risk"),
        ({"vip_next_ratio": 1.2, "is_downgrade_risk": True}, "at_risk"),
    ],
}


def in_micro(known: dict[str, Any]) -> dict[str, Any]:
    """The same with money as the lake keeps it."""
    return {name: micro(value) if name.endswith("_usdt") and value is not None else value for name, value in known.items()}


@pytest.mark.parametrize(
    ("key", "known", "stratum"),
    [pytest.param(key, known, stratum, id=f"{key}: {known} is {stratum}") for key in KEYS for known, stratum in CASES[key]],
)
def test_the_user_stands_in_the_stratum(of, key, known, stratum):
    assert STRATIFICATIONS[key].place(of(**in_micro(known))).stratum.name == stratum


@pytest.mark.parametrize("key", KEYS)
def test_the_query_says_the_same(tables, of, key):
    with_edges = [case for case in CASES[key] if EDGES[0] in case[0]]
    for cases, edges in (
        (with_edges, in_micro(VALUE_EDGES)),
        ([case for case in CASES[key] if case not in with_edges], {}),
    ):
        tables.population(**edges)
        tables.profiles([of(user_no=place, **in_micro(known)) for place, (known, _) in enumerate(cases)])
        found = tables.rows(f"select user_no, {key} from ({strata_query([STRATIFICATIONS[key]])}) order by user_no")
        assert found == [(place, stratum) for place, (_, stratum) in enumerate(cases)]


@pytest.mark.parametrize("key", KEYS)
def test_every_stratum_has_a_user_in_these_tables(key):
    assert {stratum for _, stratum in CASES[key]} == {stratum.name for stratum in STRATIFICATIONS[key].strata}


def test_a_place_comes_with_its_reasons_down_to_the_rule_that_took_the_user(of):
    placement = STRATIFICATIONS["lifecycle"].place(of(days_since_trade=45, trades_all=9, vip_level=2))
    assert [(str(reason), reason.holds) for reason in placement.reasons] == [
        ("is_restricted: no (is_restricted is false); status = 'frozen': no (status is active)", False),
        ("status = 'closed': no (status is active)", False),
        ("days_since_trade > 90: no (days_since_trade is 45)", False),
        ("days_since_trade > 30: yes (days_since_trade is 45)", True),
    ]
    assert placement.stratum.label.within("zh-hans") == "流失中"
    assert placement.stratum.label.within("en") == "Lapsing"
