"""Lists worth working: who is on them, and what is at stake."""

from __future__ import annotations

from decimal import Decimal

import pytest

from springtide.analytics.metrics.worklists import COLUMNS, WORKLISTS, Worklist, worklists
from springtide.analytics.rules import Rule


def of(lake):
    return {row.key: (row.users, row.value_usdt) for row in worklists(lake.engine, lake.snapshot).rows}


def test_large_assets_that_are_leaving(lake):
    lake.has("profiles", """
        user_no  is_counted  asset_size_usdt  equity_usdt  is_personally_silent  days_since_platform_active
        1        yes         10,000           12,000.5     yes                   8
        2        yes         20,000           20,000       no                    40
        3        yes         20,000           20,000       no                    40
        4        yes         9,999            9,999        yes                   8
        5        yes         20,000           20,000       yes                   7
        6        yes         20,000           20,000       yes                   8
        7        no          20,000           20,000       yes                   8
    """)  # fmt: skip
    lake.has("strata", """
        user_no  is_counted  lifecycle
        1        yes         repeat
        2        yes         lapsing
        3        yes         repeat
        4        yes         repeat
        5        yes         repeat
        6        yes         restricted
        7        no          repeat
    """)  # fmt: skip
    # 3 is not silent, 4 has too little, 5 was here this week, 6 must not be contacted, 7 is not counted
    assert of(lake)["large_and_leaving"] == (2, Decimal("32000.5"))


def test_deposited_and_not_traded_within_seven_days(lake):
    lake.has("profiles", """
        user_no  days_since_first_deposit  first_trade_on  equity_usdt
        1        7                         -               10
        2        30                        -               20
        3        6                         -               40
        4        31                        -               80
        5        7                         2026-03-30      160
        6        -                         -               320
    """)  # fmt: skip
    lake.has("strata", "user_no lifecycle\n" + "\n".join(f"{user} deposited_fresh" for user in range(1, 7)))
    assert of(lake)["deposited_not_traded"] == (2, 30)


def test_vips_who_would_lose_a_tier_or_are_near_the_next(lake):
    lake.has("profiles", "user_no net_revenue_90d_usdt\n1 5\n2 6\n3 7\n4 8")
    lake.has("strata", """
        user_no  lifecycle  vip_distance
        1        vip        at_risk
        2        repeat     near
        3        vip        in_tier
        4        closed     at_risk
    """)  # fmt: skip
    assert of(lake)["vip_on_the_edge"] == (2, 11)


def test_a_list_whose_inputs_are_missing_says_why_and_is_not_empty(lake_of):
    lake = lake_of(given=["spot_trades", "transfers", "vip_tiers"])
    lake.has("profiles", "user_no\n1")
    lake.has("strata", "user_no lifecycle\n1 vip")
    lake.closed_with("2026-03-31", unavailable={"vip_distance": "vip_level is unknown in users"})
    large, deposited, vip = worklists(lake.engine, lake.snapshot).rows
    assert (large.users, large.reason) == (None, "no balances or given aggregates (user_days) was given")
    assert (vip.users, vip.reason) == (None, "vip_level is unknown in users")
    # Who is on the second list is known; what they hold is not.
    assert (deposited.users, deposited.value_usdt, deposited.reason) == (0, None, None)


def test_a_list_of_ones_own(lake):
    lake.has("profiles", "user_no country equity_usdt\n1 SG 5\n2 DE 6")
    lake.has("strata", "user_no\n1\n2")
    own = (Worklist("singapore", 1, "Who is in Singapore?", "country = 'SG'", "equity_usdt"),)
    assert worklists(lake.engine, lake.snapshot, lists=own).as_list() == [
        {
            "key": "singapore", "version": 1, "asks": "Who is in Singapore?", "rule": "country = 'SG'", "users": 1,
            "value_of": "equity_usdt", "value_usdt": "5.000000", "reason": None,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("each", WORKLISTS, ids=lambda each: each.key)
def test_every_rule_reads(each):
    assert Rule.parse(each.rule, COLUMNS).columns
    assert COLUMNS[each.value] == "bigint"
