"""Concentration: by hand, and against numpy's own arithmetic."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.metrics.concentration import concentration
from springtide.kernel.errors import BadInput
from tests.tables import SCHEMAS


def of(lake, **asked):
    return {row.measure: row for row in concentration(lake.engine, lake.snapshot, **asked).rows}


def test_three_users_by_hand(lake):
    lake.has("profiles", """
        user_no  is_counted  equity_usdt  volume_30d_usdt  net_revenue_90d_usdt
        1        yes         60           5                -4
        2        yes         30           5                0
        3        yes         10           5                9
        4        yes         0            5                0
        5        no          1,000,000    1,000,000        1,000,000
    """)  # fmt: skip
    assets, volume, revenue = of(lake, top_users=1).values()
    # 2 (1·10 + 2·30 + 3·60) ÷ (3 · 100) − 4 ÷ 3
    assert (assets.users, assets.total_usdt, assets.gini) == (3, 100, float(Fraction(500, 300) - Fraction(4, 3)))
    assert (assets.top_percent_users, assets.top_percent_ratio, assets.top_users_ratio) == (1, 0.6, 0.6)
    assert assets.hhi == 0.46
    assert (volume.gini, volume.hhi) == (0, 0.25)
    assert (revenue.users, revenue.top_users_ratio, revenue.gini, revenue.hhi) == (1, 1, 0, 1)


def test_the_top_percent_is_rounded_up_to_whole_users(lake):
    lake.has("profiles", "user_no equity_usdt\n" + "\n".join(f"{user} {user}" for user in range(1, 102)))
    assets = of(lake)["assets"]
    assert assets.top_percent_users == 2
    assert assets.top_percent_ratio == (101 + 100) / sum(range(102))
    assert assets.top_users_ratio == sum(range(92, 102)) / sum(range(102))


def test_nobody_with_anything_has_no_ratio(lake):
    lake.has("profiles", "user_no\n1")
    assets = of(lake)["assets"]
    assert (assets.users, assets.total_usdt, assets.gini, assets.hhi, assets.reason) == (0, 0, None, None, None)


def test_what_was_not_given_has_a_reason(lake_of):
    lake = lake_of(given=["spot_trades"])
    lake.has("profiles", "user_no equity_usdt\n1 5")
    assets = of(lake)["assets"]
    assert (assets.total_usdt, assets.gini) == (None, None)
    assert assets.reason == "no balances or given aggregates (user_days) was given"


@pytest.mark.parametrize("asked", [{"top_percent": 0}, {"top_percent": 101}, {"top_users": 0}])
def test_shares_that_make_no_sense_are_refused(lake, asked):
    with pytest.raises(BadInput) as refused:
        of(lake, **asked)
    assert refused.value.code == "bad_share"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.one_of(st.integers(1, 100), st.integers(10**16, 10**17)), min_size=1, max_size=80))
def test_it_agrees_with_numpy(lake_of, values):
    lake = lake_of()
    columns = [column.name for column in SCHEMAS["profiles"]]
    blank = dict.fromkeys(columns) | {"is_counted": True}
    lake.add("profiles", [tuple((blank | {"user_no": n, "equity_usdt": v})[c] for c in columns) for n, v in enumerate(values)])
    told = of(lake)["assets"]
    x = np.sort(np.array(values, dtype=np.longdouble))
    n = len(x)
    gini = np.abs(x[:, None] - x[None, :]).sum() / (2 * n * x.sum())  # the mean difference, by its own definition
    assert told.gini == pytest.approx(float(gini), abs=1e-12)
    assert told.hhi == pytest.approx(float(((x / x.sum()) ** 2).sum()), rel=1e-12)
    assert told.top_users_ratio == pytest.approx(float(x[-10:].sum() / x.sum()), rel=1e-12)
    assert told.top_percent_ratio == pytest.approx(float(x[-int(np.ceil(n / 100)) :].sum() / x.sum()), rel=1e-12)


def test_a_day_before_can_be_asked_while_its_snapshot_is_kept(lake):
    lake.has("profiles", "user_no equity_usdt\n1 5")
    lake.has("profiles", "user_no equity_usdt\n1 7", on="2026-03-30")
    lake.has("strata", "user_no\n1")
    lake.has("strata", "user_no\n1", on="2026-03-30")
    assert of(lake, as_of=date(2026, 3, 30))["assets"].total_usdt == 7
