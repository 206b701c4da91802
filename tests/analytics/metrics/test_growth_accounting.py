"""Growth accounting: worked by hand, against plain counting, and against a published data set."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.lake import Lake
from springtide.analytics.metrics.growth_accounting import growth_accounting
from springtide.kernel.days import next_period, period_start, periods
from springtide.kernel.errors import BadInput, NothingYet, UnknownName
from springtide.kernel.money import usdt
from tests import sql

PARTS = ("active", "new", "retained", "resurrected", "churned", "expansion", "contraction")


def told(answer, *, complete=None):
    """(first day, active, new, retained, resurrected, churned, expansion, contraction) by period."""
    rows = [row for row in answer.rows if complete is None or row.is_complete is complete]
    return [(str(row.period), *(getattr(row, part) for part in PARTS)) for row in rows]


def growth(lake, **asked):
    return growth_accounting(lake.engine, lake.snapshot, **asked)


# Users


def test_a_user_is_new_then_retained_then_churned_and_resurrected(lake):
    lake.has("profiles", "user_no\n1\n2")
    lake.has_active_days("""
        user_no  product  day
        1        trading  2026-03-02
        1        trading  2026-03-08
        1        trading  2026-03-09
        1        trading  2026-03-23
        2        trading  2026-03-10
    """)
    assert told(growth(lake, since=date(2026, 3, 4), until=date(2026, 3, 27))) == [
        ("2026-03-02", 1, 1, 0, 0, 0, 0, 0),
        ("2026-03-09", 2, 1, 1, 0, 0, 0, 0),
        ("2026-03-16", 0, 0, 0, 0, 2, 0, 0),
        ("2026-03-23", 1, 0, 0, 1, 0, 0, 0),
    ]


def test_one_user_by_day_and_by_month(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("""
        user_no  product  day
        1        trading  2026-01-31
        1        trading  2026-02-01
        1        trading  2026-03-31
    """)
    assert told(growth(lake, period="day", since=date(2026, 1, 31), until=date(2026, 2, 2))) == [
        ("2026-01-31", 1, 1, 0, 0, 0, 0, 0),
        ("2026-02-01", 1, 0, 1, 0, 0, 0, 0),
        ("2026-02-02", 0, 0, 0, 0, 1, 0, 0),
    ]
    assert told(growth(lake, period="month")) == [
        ("2026-01-01", 1, 1, 0, 0, 0, 0, 0),
        ("2026-02-01", 1, 0, 1, 0, 0, 0, 0),
        ("2026-03-01", 1, 0, 1, 0, 0, 0, 0),
    ]


def test_employees_tests_and_market_makers_are_outside(lake):
    lake.has("profiles", """
        user_no  is_counted
        1        yes
        2        no
    """)  # fmt: skip
    lake.has_active_days("""
        user_no  product  day
        1        trading  2026-03-30
        2        trading  2026-03-30
    """)
    assert growth(lake).rows[-1].active == 1


def test_an_unfinished_period_is_marked(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-03-30")
    rows = growth(lake).rows  # 2026-03-31 is a Tuesday
    assert [(str(row.period), row.is_complete) for row in rows[-2:]] == [("2026-03-23", True), ("2026-03-30", False)]
    assert growth(lake, period="month").rows[-1].is_complete


def test_periods_before_the_first_closed_day_and_after_the_last_are_left_out(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-01-01")
    rows = growth(lake, since=date(2020, 1, 1), until=date(2030, 1, 1)).rows
    assert (rows[0].period, rows[-1].period) == (date(2025, 12, 29), date(2026, 3, 30))
    assert growth(lake, since=date(2027, 1, 1)).rows == ()


def test_without_a_range_the_last_thirteen_weeks_are_told(lake_of):
    lake = lake_of("2025-01-01", "2026-03-31")
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-01-01")
    assert len(growth(lake).rows) == 13


def test_the_quick_ratio_is_what_came_over_what_went_and_null_where_nothing_went(lake):
    lake.has("profiles", "user_no\n1\n2\n3")
    lake.has_active_days("""
        user_no  product  day
        1        trading  2026-03-02
        2        trading  2026-03-09
        3        trading  2026-03-09
    """)
    assert [row.quick_ratio for row in growth(lake, since=date(2026, 3, 2), until=date(2026, 3, 15)).rows] == [None, 2.0]


def test_every_product_has_its_own_growth(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("""
        user_no  product  day
        1        trading  2026-03-16
        1        trading  2026-03-23
        1        contract 2026-03-23
    """)
    assert told(growth(lake, product="contract", since=date(2026, 3, 23), until=date(2026, 3, 23))) == [
        ("2026-03-23", 1, 1, 0, 0, 0, 0, 0)
    ]
    with pytest.raises(UnknownName, match=r"product 'contracts'.*Did you mean 'contract'\?"):
        growth(lake, product="contracts")


days_apart = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 150), st.sampled_from(["trading", "spot"])), min_size=1, max_size=60
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(active=days_apart, period=st.sampled_from(["day", "week", "month"]))
def test_masks_and_older_days_agree_with_plain_counting(lake_of, active, period):
    lake = lake_of("2025-11-01", "2026-03-31")  # 151 days, of which the masks reach the last 62
    first = date(2025, 11, 1)
    lake.has("profiles", "user_no is_counted\n0 no\n" + "\n".join(f"{user} yes" for user in range(1, 6)))
    lake.add_active_days(sorted({(user, first + timedelta(days=day), product) for user, day, product in active}))
    by_user = defaultdict(set)
    for user, day, product in active:
        if user and product == "spot":
            by_user[user].add(period_start(first + timedelta(days=day), period))
    expected = []
    for start in periods(first, date(2026, 3, 31), period):
        before = max((p for p in periods(first - timedelta(days=40), start, period) if p < start), default=None)
        here = {user for user, seen in by_user.items() if start in seen}
        there = {user for user, seen in by_user.items() if before in seen}
        new = {user for user in here if min(by_user[user]) == start}
        expected.append((str(start), len(here), len(new), len(here & there), len(here - there - new), len(there - here), 0, 0))
    if any(product == "spot" for _, _, product in active):
        assert told(growth(lake, period=period, product="spot", since=first)) == expected


# Money


def test_revenue_grows_by_newcomers_returners_and_more_from_the_same_users(lake):
    lake.has("profiles", "user_no\n1\n2\n3\n4")
    lake.has("user_days", """
        user_no  day         net_revenue_usdt
        1        2026-01-05  10
        1        2026-02-20  10
        1        2026-03-02  4
        2        2026-01-05  7
        2        2026-03-31  1
        3        2026-01-05  5
        3        2026-02-01  12.5
        4        2026-03-03  0
    """)  # fmt: skip
    assert told(growth(lake, unit="revenue", period="month")) == [
        ("2026-01-01", 22, 22, 0, 0, 0, 0, 0),
        ("2026-02-01", Decimal("22.5"), 0, Decimal("22.5"), 0, 7, Decimal("7.5"), 0),
        ("2026-03-01", 5, 0, 4, 1, Decimal("12.5"), 0, 6),
    ]


def test_revenue_can_be_negative_and_the_sums_still_hold(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("user_days", """
        user_no  day         net_revenue_usdt
        1        2026-01-05  3
        1        2026-02-05  -2
        1        2026-03-05  -5
    """)  # fmt: skip
    assert told(growth(lake, unit="revenue", period="month")) == [
        ("2026-01-01", 3, 3, 0, 0, 0, 0, 0),
        ("2026-02-01", -2, 0, -2, 0, 0, 0, 5),
        ("2026-03-01", -5, 0, -5, 0, 0, 0, 3),
    ]


def test_new_revenue_is_new_in_the_full_history_not_in_the_range_shown(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("user_days", """
        user_no  day         net_revenue_usdt
        1        2026-01-05  3
        1        2026-03-05  5
    """)  # fmt: skip
    assert told(growth(lake, unit="revenue", period="month", since=date(2026, 3, 1))) == [("2026-03-01", 5, 0, 0, 5, 0, 0, 0)]


def test_assets_are_told_at_the_end_of_the_period_and_from_one_usdt_on(lake):
    lake.has("profiles", "user_no\n1\n2\n3")
    lake.has("equity_days", """
        user_no  day         equity_usdt
        1        2026-01-15  900
        1        2026-01-31  100
        2        2026-01-31  0.999999
        1        2026-02-28  130
        2        2026-02-28  1
        3        2026-02-28  50
        1        2026-03-31  90
        2        2026-03-31  0.5
        3        2026-03-31  50
    """)  # fmt: skip
    assert told(growth(lake, unit="assets", period="month")) == [
        ("2026-01-01", 100, 100, 0, 0, 0, 0, 0),
        ("2026-02-01", 181, 51, 130, 0, 0, 30, 0),
        ("2026-03-01", 140, 0, 140, 0, 1, 0, 40),
    ]


def test_assets_of_an_unfinished_period_stand_with_the_last_closed_day(lake_of):
    lake = lake_of("2026-01-01", "2026-02-10")
    lake.has("profiles", "user_no\n1")
    lake.has("equity_days", """
        user_no  day         equity_usdt
        1        2026-01-31  100
        1        2026-02-10  40
    """)  # fmt: skip
    rows = growth(lake, unit="assets", period="month").rows
    assert (rows[-1].active, rows[-1].contraction, rows[-1].is_complete) == (40, 60, False)


def test_a_period_in_which_no_equity_is_known_is_absent_not_zero(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("equity_days", "user_no day equity_usdt\n1 2026-02-28 100\n1 2026-03-30 100")
    assert told(growth(lake, unit="assets", period="month")) == [
        ("2026-02-01", 100, 100, 0, 0, 0, 0, 0),
        ("2026-03-01", 100, 0, 100, 0, 0, 0, 0),
    ]


amounts = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 89), st.integers(-3, 3)), min_size=1, max_size=40)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=amounts, period=st.sampled_from(["day", "week", "month"]))
def test_revenue_agrees_with_plain_counting_and_both_identities_hold(lake_of, amounts, period):
    lake = lake_of()
    first, last = date(2026, 1, 1), date(2026, 3, 31)
    lake.has("profiles", "user_no is_counted\n0 no\n" + "\n".join(f"{user} yes" for user in range(1, 5)))
    days = {(user, first + timedelta(days=day)): amount for user, day, amount in amounts}
    heading = "user_no day net_revenue_usdt\n"
    lake.has("user_days", heading + "\n".join(f"{user} {day} {amount}" for (user, day), amount in days.items()))
    sums: defaultdict[tuple[int, date], int] = defaultdict(int)
    begun: dict[int, date] = {}
    for (user, day), amount in sorted(days.items(), key=lambda item: item[0][1]):
        if user and amount:
            sums[user, period_start(day, period)] += amount
            begun.setdefault(user, period_start(day, period))
    answer = growth(lake, unit="revenue", period=period, since=first)
    before: dict[int, int] = {}
    active_before = 0
    for row in answer.rows:
        now = {user: amount for (user, start), amount in sums.items() if start == row.period and amount}
        both = now.keys() & before.keys()
        assert row.active == sum(now.values())
        assert row.new == sum(amount for user, amount in now.items() if user not in before and begun[user] == row.period)
        assert row.retained == sum(now[user] for user in both)
        assert row.churned == sum(amount for user, amount in before.items() if user not in now)
        assert row.expansion == sum(max(now[user] - before[user], 0) for user in both)
        assert row.contraction == sum(max(before[user] - now[user], 0) for user in both)
        assert row.active == row.new + row.retained + row.resurrected
        came, went = row.new + row.resurrected + row.expansion, row.churned + row.contraction
        assert row.active == active_before + came - went
        before, active_before = now, row.active
    assert answer.rows[-1].period == period_start(last, period)


# What is refused, and how it reads


def test_money_is_not_kept_by_product(lake):
    lake.has("profiles", "user_no\n1")
    with pytest.raises(BadInput, match="not kept by product"):
        growth(lake, unit="revenue", product="spot")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"unit": "user"}, "unknown_unit"),
        ({"period": "year"}, "unknown_period"),
        ({"since": date(2026, 3, 2), "until": date(2026, 3, 1)}, "empty_range"),
    ],
)
def test_what_cannot_be_asked_is_refused(lake, asked, code):
    with pytest.raises(BadInput) as refused:
        growth(lake, **asked)
    assert refused.value.code == code


def test_what_was_not_given_is_not_available_and_no_zero(lake_of):
    lake = lake_of(given=["transfers"])
    lake.has("profiles", "user_no\n1")
    for unit in ("users", "assets", "revenue"):
        with pytest.raises(NothingYet) as refused:
            growth(lake, unit=unit)
        assert refused.value.code == "not_available"
        assert "was given" in refused.value.message


def test_a_source_by_week_has_weeks_but_no_days(lake_of):
    lake = lake_of(given=["given_user_days"])
    lake.note("grains", ["week"])
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-03-30")
    last = growth(lake, period="week").rows[-1]
    assert (last.active, last.is_complete) == (1, True)  # its row of Monday speaks for the whole week
    with pytest.raises(NothingYet, match="counts by week"):
        growth(lake, period="day")


def test_nothing_closed_is_nothing_yet(lake_of, tmp_path):
    with pytest.raises(NothingYet, match="No day is closed yet"):
        growth_accounting(lake_of().engine, Lake(tmp_path).snapshot())


def test_the_answer_is_told_in_json_with_money_as_text(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("user_days", "user_no day net_revenue_usdt\n1 2026-03-05 2.5")
    answer = growth(lake, unit="revenue", period="month", since=date(2026, 3, 1))
    assert json.loads(json.dumps(answer.as_list())) == [
        {
            "period": "2026-03-01", "active": "2.500000", "new": "2.500000", "retained": "0.000000", "resurrected": "0.000000",
            "churned": "0.000000", "expansion": "0.000000", "contraction": "0.000000", "quick_ratio": None, "is_complete": True,
        }
    ]  # fmt: skip
    assert answer.as_dict()["unit"] == "revenue"
    assert answer.as_dict()["as_of"] == "2026-03-31"
    assert answer.to_pandas().shape == answer.to_polars().shape == (1, 10)
    assert answer.rows[0].active == usdt(2_500_000)


# Real data


@pytest.mark.real_data
def test_balancer_traders_by_week_are_as_published(lake_of, published):
    lake = lake_of("2020-06-01", "2021-10-31", given=["given_user_days"])
    lake.note("grains", ["week"])
    weeks = sql.run(
        "select distinct user_id, cast(week_start as date), product from read_parquet($1) where product = 'trade_gas_rebate'"
        " order by 1, 2",
        str(published("balancer_weekly") / "user_week.parquet"),
    )
    lake.has("profiles", "user_no\n0")
    lake.add_active_days(weeks)
    answer = growth(lake, product="trade_gas_rebate", period="week", since=date(2020, 6, 1), until=date(2021, 10, 31))
    by_week = {(row.period - date(2020, 6, 1)).days // 7 + 1: row for row in answer.rows}
    assert by_week[35].active == by_week[35].new == 441
    assert [by_week[week].active for week in (34, 74)] == [0, len([1 for _, start, _ in weeks if start == date(2021, 10, 25)])]
    sums = {part: sum(getattr(row, part) for row in answer.rows) for part in PARTS}
    assert sums == {
        "active": 53_290, "new": 35_284, "retained": 8_320, "resurrected": 9_686, "churned": 44_234, "expansion": 0, "contraction": 0,
    }  # fmt: skip
    for row in answer.rows:
        earlier = by_week.get((row.period - date(2020, 6, 1)).days // 7)
        assert row.active == row.new + row.retained + row.resurrected
        assert row.active == (earlier.active if earlier else 0) + row.new + row.resurrected - row.churned
    assert next_period(answer.rows[-1].period, "week") == date(2021, 11, 1)
