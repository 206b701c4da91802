"""The five numbers of the Overview, each against the time before it."""

from __future__ import annotations

from decimal import Decimal

from springtide.analytics.metrics.headline import headline


def of(lake):
    return {row.key: row for row in headline(lake.engine, lake.snapshot).rows}


def test_traders_are_counted_by_day_and_by_month(lake):
    lake.has("profiles", "user_no is_counted\n1 yes\n2 yes\n3 no")
    lake.has_active_days("""
        user_no  product   day
        1        trading   2026-03-25
        1        trading   2026-03-31
        2        trading   2026-03-24
        2        trading   2026-03-02
        1        trading   2026-03-01
        2        trading   2026-01-31
        3        trading   2026-03-31
        1        platform  2026-03-30
    """)
    numbers = of(lake)
    daily, monthly = numbers["daily_active_traders"], numbers["monthly_active_traders"]
    assert (daily.value, daily.before, str(daily.compared_with)) == (2 / 7, 1 / 7, "2026-03-24")
    assert daily.change_ratio == 1
    # the last 30 days are 03-02 to 03-31, the 30 before them 01-31 to 03-01
    assert (monthly.value, monthly.before, monthly.change_ratio, str(monthly.compared_with)) == (2, 2, 0, "2026-03-01")


def test_revenue_of_thirty_days_and_assets_against_thirty_days_before(lake):
    lake.has("profiles", "user_no is_counted\n1 yes\n2 no")
    lake.has("user_days", """
        user_no  day         net_revenue_usdt
        1        2026-03-31  3
        1        2026-03-02  2.5
        1        2026-03-01  11
        1        2026-01-31  1
        1        2026-01-30  100
        2        2026-03-31  1000
    """)  # fmt: skip
    lake.has("equity_days", """
        user_no  day         equity_usdt
        1        2026-03-01  200
        1        2026-03-31  150
        1        2026-03-15  9
        2        2026-03-31  1000
    """)  # fmt: skip
    revenue, assets = of(lake)["net_revenue_30d"], of(lake)["assets"]
    assert (revenue.value, revenue.before, revenue.change_ratio) == (Decimal("5.5"), 12, 5.5 / 12 - 1)
    assert (assets.value, assets.before, assets.change_ratio) == (150, 200, -0.25)


def test_first_trade_counts_who_had_seven_days(lake):
    lake.has("profiles", """
        user_no  registered_on  first_trade_on
        1        2026-03-25     2026-03-31
        2        2026-03-25     -
        3        2026-03-26     2026-03-26
        4        2026-02-24     2026-03-03
        5        2026-02-23     2026-03-01
        6        2026-01-25     2026-01-25
        7        2026-01-24     2026-01-24
        8        2026-02-01     -
        9        2026-02-02     -
    """)  # fmt: skip
    rate = of(lake)["first_trade_7d"]
    # 30 days of registration up to 03-25: users 1, 2 and 4 (who came a day late); the 30 before: 5, 6, 8 and 9
    assert (rate.value, rate.over, rate.before, str(rate.compared_with)) == (1 / 3, 3, 2 / 4, "2026-02-23")


def test_a_short_history_has_nothing_to_compare_with(lake_of):
    lake = lake_of("2026-03-20", "2026-03-31")
    lake.has("profiles", "user_no registered_on\n1 2026-03-20")
    lake.has_active_days("user_no product day\n1 trading 2026-03-31")
    for number in of(lake).values():
        assert (number.before, number.change_ratio, number.compared_with) == (None, None, None)
    assert of(lake)["monthly_active_traders"].value == 1


def test_growth_from_nothing_has_no_ratio(lake):
    lake.has("profiles", "user_no\n1")
    lake.has_active_days("user_no product day\n1 trading 2026-03-31")
    monthly = of(lake)["monthly_active_traders"]
    assert (monthly.value, monthly.before, monthly.change_ratio) == (1, 0, None)


def test_what_was_not_given_has_a_reason_instead_of_a_number(lake_of):
    lake = lake_of(given=["given_user_days"])
    lake.note("grains", ["week"])
    lake.note("unknown", {"given_user_days": ["trades", "volume_usdt", "fees_usdt", "equity_usdt"]})
    lake.has("profiles", "user_no registered_on\n1 2026-03-01")
    numbers = of(lake)
    assert {key: number.value for key, number in numbers.items()} == {
        "daily_active_traders": None, "monthly_active_traders": 0, "net_revenue_30d": None, "assets": None, "first_trade_7d": None,
    }  # fmt: skip
    # Thirty days hold four or five Mondays, so two such windows of a source by week do not compare.
    assert numbers["monthly_active_traders"].before is None
    assert "counts by week" in numbers["daily_active_traders"].reason
    assert "fees_usdt is unknown" in numbers["net_revenue_30d"].reason


def test_nobody_registered_is_a_reason_and_not_a_rate_of_zero(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-03-31")
    assert of(lake)["first_trade_7d"].reason == "nobody registered from 2026-02-24 to 2026-03-25"


def test_users_derived_from_their_activity_have_no_first_trade_rate(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-03-01")
    lake.has("users", "user_no is_derived\n1 yes")
    assert "derived from their activity" in of(lake)["first_trade_7d"].reason


def test_the_numbers_read_in_json(lake):
    lake.has("profiles", "user_no\n1")
    told = headline(lake.engine, lake.snapshot).as_dict()
    assert [row["key"] for row in told["rows"]] == [
        "daily_active_traders", "monthly_active_traders", "net_revenue_30d", "assets", "first_trade_7d",
    ]  # fmt: skip
    assert told["rows"][2]["value"] == "0.000000"
