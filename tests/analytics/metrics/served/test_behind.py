"""Who stands behind a value: as many users as it counts, and of a sum exactly those who added to it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from springtide.analytics.metrics.served import SERVED, metric_values, users_behind
from springtide.kernel.errors import BadInput, NothingYet, UnknownName

MONTH: dict[str, Any] = {"since": date(2026, 3, 1), "until": date(2026, 3, 31), "period": "month"}


@pytest.fixture
def busy(lake):
    lake.has("profiles", """
        user_no  is_counted  channel_id  registered_on  first_deposit_on  first_trade_on  first_spot_on  last_trade_on  days_since_trade
        1        yes         ads         2026-03-01     2026-03-02        2026-03-03      2026-03-03     2026-03-30     1
        2        yes         ads         2026-03-02     2026-03-02        -               -              -              -
        3        yes         -           2026-01-05     2026-01-06        2026-01-07      2026-01-07     2026-01-31     59
        4        no          ads         2026-03-01     2026-03-01        2026-03-01      2026-03-01     2026-03-31     0
    """)  # fmt: skip
    lake.has(
        "firsts",
        """
        user_no  registered_at  first_deposit_at  first_spot_at
        1        2026-03-01     2026-03-02        2026-03-02T20:00
        2        2026-03-02     2026-03-02        -
        3        2026-01-05     2026-01-06        2026-01-07
        4        2026-03-01     2026-03-01        2026-03-01
    """,
    )
    lake.has("strata", "user_no lifecycle\n1 first_traded\n2 deposited_fresh\n3 lapsing\n4 repeat")
    lake.has("user_days", """
        user_no  day         spot_trades  contract_trades  spot_volume_usdt  contract_volume_usdt  net_revenue_usdt  liquidations
        1        2026-03-03  1            0                100               0                     1                 0
        1        2026-03-30  1            2                100               50                    -1                0
        2        2026-03-30  0            0                0                 0                     -2                1
        3        2026-01-31  1            0                10                0                     1                 0
        4        2026-03-31  9            9                999               999                   99                0
    """)  # fmt: skip
    lake.has("equity_days", "user_no day equity_usdt\n1 2026-03-31 50\n2 2026-03-31 0.5\n4 2026-03-31 9")
    return lake


def behind(lake, key, **more):
    return users_behind(lake.engine, lake.snapshot, key, **{**MONTH, **more}).user_nos


def test_those_who_are_counted_and_those_who_added(busy):
    assert behind(busy, "active_traders") == (1,)
    assert behind(busy, "registrations") == (1, 2)
    assert behind(busy, "registrations", by="channel_id", group="ads") == (1, 2)
    assert behind(busy, "net_revenue") == (2,)  # user 1 brought 1 and cost 1
    assert behind(busy, "first_trade_24h") == (1,)
    assert behind(busy, "first_trade_24h", side="denominator") == (1, 2)
    assert behind(busy, "volume", by="product", group="contract") == (1,)
    assert behind(busy, "assets") == (1, 2)
    assert behind(busy, "assets_per_holder", side="denominator") == (1,)
    assert behind(busy, "lapsing_share") == (3,)
    assert behind(busy, "lapsing_share", by="lifecycle", group="lapsing") == (3,)
    assert behind(busy, "liquidated_share", side="denominator", where="first_trade_on is null") == (2,)


@pytest.mark.parametrize("asked", [one for one in SERVED if "month" in one.periods], ids=lambda one: one.key)
def test_a_side_that_counts_users_has_as_many_behind_it(busy, asked):
    for by in (None, "channel_id", *(("product",) if asked.products else ())):
        values = metric_values(busy.engine, busy.snapshot, asked.key, **MONTH, by=by)
        if values.reason:
            with pytest.raises(NothingYet):
                behind(busy, asked.key)
            continue
        for row in values.rows:
            if row.reason:
                continue
            for side, part in zip(("numerator", "denominator"), asked.parts, strict=False):
                users = behind(busy, asked.key, by=by, group=row.group, side=side)
                told = getattr(row, side)
                assert len(users) == told if part.counts_users else len(users) <= 3
                assert users or not told


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"key": "arpuu"}, UnknownName, "unknown_metric"),
        ({"by": "moon", "group": "x"}, UnknownName, "unknown_grouping"),
        ({"by": "product", "group": "spoot"}, UnknownName, "unknown_group"),
        ({"by": "channel_id"}, BadInput, "bad_cell"),
        ({"group": "ads"}, BadInput, "bad_cell"),
        ({"period": "week"}, BadInput, "bad_cell"),
        ({"side": "denominator"}, BadInput, "bad_cell"),
        ({"key": "other_income"}, NothingYet, "not_available"),
        ({"until": date(2026, 4, 1)}, NothingYet, "not_closed"),
    ],
)
def test_what_names_no_value_is_refused(busy, asked, error, code):
    with pytest.raises(error) as refused:
        behind(busy, **{"key": "volume", **asked})
    assert refused.value.code == code
