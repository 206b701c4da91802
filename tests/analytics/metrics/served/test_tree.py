"""The metric tree: the children of every node reproduce it exactly."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import prod
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.metrics.served import TREE, metric_tree
from springtide.kernel.errors import UnknownName
from tests.tables import SCHEMAS

GIVEN = ("spot_trades", "contract_trades", "transfers", "other_income", "commissions", "reward_entries")
MONEY = ("spot_volume_usdt", "contract_volume_usdt", "spot_fees_usdt", "contract_fees_usdt", "other_income_usdt",
         "commissions_usdt", "rewards_cost_usdt", "net_revenue_usdt", "deposit_usdt", "withdrawal_usdt")  # fmt: skip
BLANK = {column.name: None if column.nullable else 0 for column in SCHEMAS["user_days"]}


def signed(node):
    return -node.exact if node.sign == "−" else node.exact


def test_revenue_is_fees_and_fees_are_traders_times_trades_times_size_times_take(lake_of):
    lake = lake_of(given=GIVEN)
    lake.has("profiles", "user_no\n1\n2")
    lake.has("user_days", """
        user_no  day         spot_trades  spot_volume_usdt  spot_fees_usdt  other_income_usdt  commissions_usdt  net_revenue_usdt
        1        2026-03-23  3            600               6               1                  2                 5
        2        2026-03-24  1            200               2               0                  0                 2
    """)  # fmt: skip
    lake.has_active_days("user_no product day\n1 trading 2026-03-23\n1 trading 2026-03-16\n2 trading 2026-03-24")
    tree = metric_tree(lake.engine, lake.snapshot, on=date(2026, 3, 24))
    assert (str(tree.since), str(tree.until), tree.is_complete) == ("2026-03-23", "2026-03-29", True)
    assert {row.key: (row.sign, row.depth, row.value) for row in tree.rows} == {
        "net_revenue": (None, 0, 7), "fees": ("+", 1, 8), "active_traders": ("×", 2, 2), "new_traders": ("+", 3, 1),
        "retained_traders": ("+", 3, 1), "resurrected_traders": ("+", 3, 0), "trades_per_trader": ("×", 2, 2),
        "trade_size": ("×", 2, 200), "take_rate": ("×", 2, 0.01), "other_income": ("+", 1, 1), "commissions": ("−", 1, 2),
        "rewards_cost": ("−", 1, 0), "revenue_given": ("+", 1, 0),
    }  # fmt: skip


def test_where_nobody_traded_fees_have_no_factors(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("user_days", "user_no day contract_fees_usdt net_revenue_usdt\n1 2026-03-31 5 5")  # a liquidation costs a fee
    tree = metric_tree(lake.engine, lake.snapshot, period="day")
    assert [(row.key, row.value) for row in tree.rows if row.parent in (None, "net_revenue")][:2] == [
        ("net_revenue", 5), ("fees", 5),
    ]  # fmt: skip
    assert not tree.children("fees")


def test_what_was_not_given_says_so_and_adds_nothing(lake):
    lake.has("profiles", "user_no\n1")
    tree = metric_tree(lake.engine, lake.snapshot)
    reasons = {row.key: row.reason for row in tree.children("net_revenue")}
    assert reasons["other_income"] == "no other_income was given"
    assert reasons["fees"] is None


def test_a_metric_that_is_made_of_no_others_has_no_tree(lake):
    with pytest.raises(UnknownName) as refused:
        metric_tree(lake.engine, lake.snapshot, "net_revenu")
    assert "net_revenue" in refused.value.hint


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    did=st.dictionaries(
        st.tuples(st.integers(1, 4), st.integers(16, 31)),
        st.tuples(
            st.integers(0, 3), st.integers(0, 3), st.lists(st.integers(-9, 99), min_size=len(MONEY), max_size=len(MONEY))
        ),
        max_size=12,
    ),
    period=st.sampled_from(["day", "week", "month"]),
    root=st.sampled_from([branch.key for branch in TREE]),
)
def test_children_reproduce_their_parent_exactly(lake_of, did, period, root):
    lake = lake_of("2026-03-16", "2026-03-31", given=GIVEN)
    lake.has("profiles", "user_no is_counted\n1 yes\n2 yes\n3 yes\n4 no")
    rows: list[dict[str, Any]] = [
        BLANK | {"user_no": user, "day": date(2026, 3, day), "spot_trades": spot, "contract_trades": contract,
                 **{name: amount * 1_000_003 for name, amount in zip(MONEY, money, strict=True)}}
        for (user, day), (spot, contract, money) in did.items()
    ]  # fmt: skip
    lake.add("user_days", [tuple(row.values()) for row in rows])
    lake.add_active_days([(r["user_no"], r["day"], "trading") for r in rows if r["spot_trades"] + r["contract_trades"]])
    tree = metric_tree(lake.engine, lake.snapshot, root, period=period)
    for parent in tree.rows:
        children = tree.children(parent.key)
        if children:
            is_product = children[0].sign == "×"
            made = prod((child.exact for child in children), start=Fraction(1)) if is_product else sum(map(signed, children))
            assert made == parent.exact, parent.key
