"""The five numbers of the morning: a week against the week before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from springtide.analytics.metrics.headline import HEADLINE, chosen, headline
from springtide.analytics.metrics.served import metric_values
from springtide.kernel.errors import NothingYet


def of(lake, **asked):
    return {row.key: row for row in headline(lake.engine, lake.snapshot, **asked).rows}


@pytest.fixture
def two_weeks(lake):
    lake.has("profiles", """
        user_no  is_counted  registered_on  first_trade_on  days_since_trade  net_revenue_7d_usdt  equity_usdt
        1        yes         2026-03-01     2026-03-02      6                 3                    100
        2        yes         2026-03-25     2026-03-25      0                 2.5                  0.5
        3        yes         2026-03-24     -               -                 -1                   0
        4        no          2026-03-30     2026-03-31      0                 99                   999
    """)  # fmt: skip
    lake.has("profiles", """
        user_no  is_counted  registered_on  first_trade_on  days_since_trade  net_revenue_7d_usdt  equity_usdt
        1        yes         2026-03-01     2026-03-02      7                 0                    200
        3        yes         2026-03-24     -               -                 9                    1
    """, on="2026-03-24")  # fmt: skip
    for day in ("2026-03-24", "2026-03-31"):
        lake.has("strata", "user_no activity\n1 active\n3 never_traded", on=day)
    lake.has("moves", """
        user_no  day         key        was      becomes
        1        2026-03-25  activity   cooling  active
        1        2026-03-29  activity   active   cooling
        1        2026-03-30  activity   cooling  active
        2        2026-03-25  activity   -        active
        3        2026-03-18  activity   cooling  quiet
        4        2026-03-30  activity   cooling  quiet
        1        2026-03-30  lifecycle  vip      quiet
    """)  # fmt: skip
    return lake


def test_a_week_is_told_against_the_week_before(two_weeks):
    told = {key: (row.value, row.before, row.change_ratio) for key, row in of(two_weeks).items()}
    assert told == {
        "active_traders": (2, 0, None),  # growth from nothing has no ratio
        "first_trades": (1, 0, None),
        "gone_quiet": (0, 1, -1),
        "net_revenue": (Decimal("4.5"), 9, -0.5),
        "assets": (Decimal("100.5"), 201, -0.5),
    }
    assert {str(row.compared_with) for row in of(two_weeks).values()} == {"2026-03-24"}


def test_five_that_can_be_told_come_before_those_that_cannot(lake_of):
    assert [each.key for each in chosen({"activity", "equity_usdt"})] == [
        "active_traders", "first_trades", "gone_quiet", "net_revenue", "registrations",
    ]  # fmt: skip
    assert len(chosen({need for each in HEADLINE for need in each.needs})) == 5
    lake = lake_of(given=["transfers"])
    lake.has("profiles", "user_no registered_on\n1 2026-03-31")
    lake.closed_with("2026-03-31", unavailable={"activity": "nothing was traded"})
    numbers = of(lake)
    assert numbers["registrations"].value == 1
    assert (numbers["gone_quiet"].value, numbers["gone_quiet"].reason) == (None, "nothing was traded")
    assert "was given" in numbers["active_traders"].reason


def test_a_week_ago_that_is_not_kept_leaves_nothing_to_compare_with(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-03-31")
    for number in of(lake).values():
        assert (number.before, number.change_ratio, number.compared_with) == (None, None, None)


def test_an_earlier_kept_day_can_be_asked_for(two_weeks):
    assert of(two_weeks, as_of=date(2026, 3, 24))["net_revenue"].value == 9
    with pytest.raises(NothingYet):
        of(two_weeks, as_of=date(2026, 3, 23))


def test_the_numbers_are_the_served_metrics_of_the_same_week(two_weeks):
    """The morning, the Metrics page and the plan may not differ: they are the same definitions over seven days."""
    two_weeks.has("firsts", "user_no registered_at\n1 2026-03-01\n2 2026-03-25\n3 2026-03-24")
    two_weeks.has("equity_days", "user_no day equity_usdt\n1 2026-03-31 100\n2 2026-03-31 0.5")
    for key, since in (("first_trades", date(2026, 3, 25)), ("assets", date(2026, 3, 31))):
        rows: Any = metric_values(two_weeks.engine, two_weeks.snapshot, key, since=since, period="day").rows
        assert sum(row.value for row in rows) == of(two_weeks)[key].value


def test_the_numbers_read_in_json(two_weeks):
    told = headline(two_weeks.engine, two_weeks.snapshot).as_dict()
    assert [row["key"] for row in told["rows"]] == ["active_traders", "first_trades", "gone_quiet", "net_revenue", "assets"]
    assert told["rows"][3]["value"] == "4.500000"
