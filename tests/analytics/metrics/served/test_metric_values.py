"""Metrics by day, week and month and by group, worked out by hand on small tables."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.metrics.served import SERVED, metric_values
from springtide.kernel.errors import BadInput, NothingYet, UnknownName
from tests.tables import SCHEMAS

GIVEN = ("spot_trades", "contract_trades", "transfers", "balances", "restrictions")

BLANK = {column.name: None if column.nullable else 0 for column in SCHEMAS["user_days"]}
SINCE, UNTIL = date(2026, 3, 29), date(2026, 3, 31)


def values(lake, key, **asked):
    """(first day, group) → value; the group only where one was asked for."""
    answer = metric_values(lake.engine, lake.snapshot, key, **asked)
    assert answer.reason is None, answer.reason
    return {(f"{row.since:%m-%d}", row.group) if asked.get("by") else f"{row.since:%m-%d}": row.value for row in answer.rows}


def test_what_users_did_is_told_by_day_week_and_month(lake):
    lake.has("profiles", "user_no is_counted\n1 yes\n2 yes\n3 no")
    lake.has("user_days", """
        user_no  day         spot_trades  contract_trades  spot_volume_usdt  contract_volume_usdt  spot_fees_usdt  net_revenue_usdt
        1        2026-03-29  2            0                100               0                     1               1
        1        2026-03-30  1            1                50                250                   0.5             3
        2        2026-03-30  0            0                0                 0                     0               -2
        2        2026-03-31  1            0                200               0                     2               2
        3        2026-03-31  9            9                999               999                   99              99
    """)  # fmt: skip
    assert values(lake, "active_traders", since=SINCE, period="day") == {"03-29": 1, "03-30": 1, "03-31": 1}
    assert values(lake, "active_traders", since=SINCE, period="week") == {"03-29": 1, "03-30": 2}
    assert values(lake, "active_traders", period="month", since=date(2026, 3, 1)) == {"03-01": 2}
    assert values(lake, "volume", since=SINCE, period="week") == {"03-29": 100, "03-30": 500}
    assert values(lake, "take_rate", since=SINCE, period="week") == {"03-29": 0.01, "03-30": 0.005}
    assert values(lake, "arpu", since=SINCE) == {"03-29": 1, "03-30": 1, "03-31": 2}  # user 2 cost 2 on a day without a trade
    assert values(lake, "weekly_active_traders", since=UNTIL) == {"03-31": 2}
    assert values(lake, "volume", since=SINCE, by="product") == {
        ("03-29", "spot"): 100, ("03-29", "contract"): 0, ("03-30", "spot"): 50, ("03-30", "contract"): 250,
        ("03-31", "spot"): 200, ("03-31", "contract"): 0,
    }  # fmt: skip
    assert values(lake, "active_traders", since=date(2026, 3, 30), period="week", by="product") == {
        ("03-30", "spot"): 2, ("03-30", "contract"): 1,
    }  # fmt: skip


def test_users_of_many_periods_are_counted_as_a_set_of_them_would_be(lake):
    """Longer than one mask of days, every window by itself."""
    chance = Random(3)
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(90)]
    traded = {(user, day) for user in range(30) for day in days if chance.random() < 0.04}
    lake.has("profiles", "user_no\n" + "\n".join(map(str, range(30))))
    lake.add(
        "user_days", [tuple((BLANK | {"user_no": user, "day": day, "spot_trades": 1}).values()) for user, day in sorted(traded)]
    )
    for key, period, back in (
        ("active_traders", "week", 0),
        ("monthly_active_traders", "week", 30),
        ("weekly_active_traders", "day", 7),
    ):
        for row in metric_values(lake.engine, lake.snapshot, key, since=days[0], period=period).rows:
            first = row.until - timedelta(days=back - 1) if back else row.since
            assert row.value == len({user for user, day in traded if first <= day <= row.until}), (key, row)


def test_a_ratio_comes_with_its_numerator_and_denominator_and_says_whether_the_period_is_whole(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("user_days", "user_no day spot_trades spot_volume_usdt spot_fees_usdt\n1 2026-03-30 3 900 9")
    told = metric_values(lake.engine, lake.snapshot, "take_rate", since=date(2026, 3, 23), period="week").rows
    assert [(row.value, row.numerator, row.denominator, row.is_complete) for row in told] == [
        (None, Decimal(0), Decimal(0), True),
        (0.01, Decimal(9), Decimal(900), False),  # Monday and Tuesday of a week
    ]
    assert told[1].until == UNTIL


def test_steps_count_who_had_the_time_and_took_it(lake):
    lake.has("profiles", """
        user_no  registered_on  kyc_passed_on  first_deposit_on  first_trade_on  first_spot_on
        1        2026-03-01     2026-03-02     2026-03-03        2026-03-04      2026-03-04
        2        2026-03-01     2026-03-09     2026-03-03        2026-03-05      2026-03-05
        3        2026-03-03     -              2026-03-03        2026-03-02      2026-03-02
        4        2026-03-30     -              2026-03-31        2026-03-31      2026-03-31
    """)  # fmt: skip
    lake.has("firsts", """
        user_no  registered_at     kyc_at            first_deposit_at  first_spot_at
        1        2026-03-01T12:00  2026-03-02        2026-03-03T12:00  2026-03-04T12:00
        2        2026-03-01T12:00  2026-03-08T12:01  2026-03-03T12:00  2026-03-05
        3        2026-03-03        -                 2026-03-03        2026-03-02
        4        2026-03-30        -                 2026-03-31        2026-03-31T01:00
    """)  # fmt: skip
    month = {"since": date(2026, 3, 1), "period": "month"}
    assert values(lake, "registrations", **month) == {"03-01": 4}
    assert values(lake, "registrations", since=date(2026, 3, 1), until=date(2026, 3, 3)) == {"03-01": 2, "03-02": 0, "03-03": 1}
    assert values(lake, "first_deposits", **month) == {"03-01": 4}
    assert values(lake, "first_trades", **month) == {"03-01": 4}
    assert values(lake, "kyc_7d", **month) == {"03-01": 1 / 3}  # user 2 a minute late, user 3 never, user 4 still has time
    assert values(lake, "first_trade_24h", **month) == {"03-01": 2 / 3}  # 24 hours to the minute, and before the deposit
    assert values(lake, "deposit_to_trade_7d", **month) == {"03-01": 1}
    assert values(lake, "first_trade_7d", **month) == {"03-01": 1}
    [row] = metric_values(lake.engine, lake.snapshot, "first_trade_24h", since=UNTIL, period="day").rows
    assert (row.value, row.denominator, row.is_complete) == (None, 0, False)


def test_lifetime_value_is_that_of_users_whose_days_have_passed(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-03-24\n2 2026-03-25\n3 2026-03-25\n4 2026-03-26")
    lake.has("user_days", """
        user_no  day         net_revenue_usdt
        1        2026-03-30  5
        1        2026-03-31  100
        2        2026-03-25  1
        2        2026-03-31  2
        4        2026-03-26  50
    """)  # fmt: skip
    assert values(lake, "ltv_7", since=date(2026, 3, 24)) == {
        "03-24": 5, "03-25": Decimal("1.5"), **dict.fromkeys(("03-26", "03-27", "03-28", "03-29", "03-30", "03-31")),
    }  # fmt: skip


def test_assets_are_those_of_the_last_day_and_a_day_without_balances_says_so(lake):
    lake.has("profiles", "user_no\n1\n2")
    lake.has("equity_days", "user_no day equity_usdt\n1 2026-03-29 7\n1 2026-03-31 30\n2 2026-03-31 0.5")
    assert values(lake, "assets", since=SINCE, period="month") == {"03-29": Decimal("30.5")}
    assert values(lake, "assets_per_holder", since=SINCE, period="month") == {"03-29": Decimal("30.5")}


def test_churn_is_told_of_users_value_and_assets(lake_of):
    lake = lake_of(given=(*GIVEN, "reward_entries"))
    lake.has("profiles", """
        user_no  last_trade_on  days_since_trade  is_restricted
        1        2026-03-31     0                 no
        2        2026-03-01     30                no
        3        2026-02-28     31                yes
        4        2025-12-31     90                no
        5        2025-12-30     91                no
        6        -              -                 no
    """)  # fmt: skip
    lake.has("strata", "user_no incentive\n1 dependent\n2 organic\n3 dependent\n4 -\n5 -\n6 -")
    assert values(lake, "lapsing_share", since=UNTIL) == {"03-31": 2 / 5}
    assert values(lake, "dormant_share", since=UNTIL) == {"03-31": 1 / 5}
    assert values(lake, "restricted_share", since=UNTIL) == {"03-31": 1 / 6}
    assert values(lake, "incentive_dependent_share", since=UNTIL) == {"03-31": 1}
    lake.has("equity_days", """
        user_no  day         equity_usdt
        1        2026-02-14  10
        2        2026-02-14  5
        2        2026-03-31  5
        3        2026-03-01  100
        3        2026-03-31  20
        4        2026-03-01  100
        4        2026-03-31  21
        5        2026-03-01  50
        5        2026-03-31  60
    """)  # fmt: skip
    lake.has("user_days", """
        user_no  day         withdrawal_usdt
        3        2026-03-02  80
        3        2026-03-01  1000
        4        2026-03-15  79
        5        2026-03-15  50
    """)  # fmt: skip
    # 45 days after 02-14 is 03-31: user 1 has held nothing since; user 2 has again
    assert values(lake, "churned_value", since=date(2026, 3, 30)) == {"03-30": 0, "03-31": 1}
    assert values(lake, "churned_assets", since=UNTIL) == {"03-31": 80}  # user 4 took out 79 %; user 5 has more than before
    assert values(lake, "churned_assets_share", since=UNTIL) == {"03-31": 80 / 250}


def test_win_back_asks_who_was_dormant_at_the_end_of_the_month_before(lake):
    lake.has("profiles", "user_no\n1\n2\n3")
    lake.has("profiles", "user_no\n1\n2\n3", on="2026-02-28")
    lake.has("strata", "user_no lifecycle\n1 dormant\n2 dormant\n3 vip", on="2026-02-28")
    lake.has("strata", "user_no lifecycle\n1 repeat\n2 dormant\n3 vip")
    lake.has("user_days", "user_no day spot_trades\n1 2026-03-02 1\n3 2026-03-02 1")
    february, march = metric_values(lake.engine, lake.snapshot, "win_back", since=date(2026, 2, 1)).rows
    assert (march.value, march.numerator, march.denominator) == (0.5, 1, 2)
    assert february.reason == "there is no snapshot of 2026-01-31: they are kept for 35 days and at month ends"
    by_day: Any = metric_values(lake.engine, lake.snapshot, "win_back", period="day")
    assert "month only" in by_day.reason


def test_users_stand_in_their_stratum_as_they_did_then_or_as_they_do_now(lake):
    for day in ("2026-03-30", "2026-03-31"):
        lake.has("profiles", "user_no channel_id\n1 ads\n2 -", on=day)
    lake.has("strata", "user_no lifecycle\n1 repeat\n2 vip", on="2026-03-30")
    lake.has("strata", "user_no lifecycle\n1 vip\n2 vip", on="2026-03-31")
    lake.has("user_days", "user_no day net_revenue_usdt\n1 2026-03-30 3\n2 2026-03-30 4\n1 2026-03-31 5")
    asked = {"since": date(2026, 3, 30), "by": "lifecycle"}
    assert values(lake, "net_revenue", **asked) == {
        ("03-30", "repeat"): 3, ("03-30", "vip"): 4, ("03-31", "repeat"): 0, ("03-31", "vip"): 5,
    }  # fmt: skip
    assert values(lake, "net_revenue", **asked, stood="now") == {("03-30", "vip"): 7, ("03-31", "vip"): 5}
    assert values(lake, "net_revenue", since=UNTIL, by="channel_id") == {("03-31", "ads"): 5}
    assert values(lake, "net_revenue", since=date(2026, 3, 30), where="lifecycle = 'vip'") == {"03-30": 4, "03-31": 5}
    told = metric_values(lake.engine, lake.snapshot, "net_revenue", since=SINCE, until=SINCE, by="lifecycle")
    assert [(row.value, row.reason) for row in told.rows] == [
        (None, "there is no snapshot of 2026-03-29: they are kept for 35 days and at month ends")
    ]


def test_what_was_not_given_is_not_available_with_the_reason(lake_of):
    lake = lake_of(given=["given_user_days"])
    lake.note("grains", ["week"])
    lake.note("unknown", {"given_user_days": ["fees_usdt", "equity_usdt"]})
    lake.has("profiles", "user_no registered_on\n1 2026-03-01")
    reasons: dict[str, Any] = {
        one.key: metric_values(lake.engine, lake.snapshot, one.key, period=one.periods[-1]).reason for one in SERVED
    }
    assert reasons["net_revenue"] == "fees_usdt is unknown in given aggregates (user_days)"
    assert reasons["assets"] == "equity_usdt is unknown in given aggregates (user_days)"
    assert reasons["csat"] == "no tickets was given"
    assert reasons["wash_share"] == "no spot_trades or contract_trades was given"
    assert reasons["active_traders"] is None
    assert "counts by week" in reasons["weekly_active_traders"]
    by_day: Any = metric_values(lake.engine, lake.snapshot, "active_traders")
    assert "counts by week" in by_day.reason


def test_users_derived_from_their_activity_have_not_registered(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-03-01")
    lake.has("users", "user_no is_derived\n1 yes")
    for key in ("registrations", "kyc_7d", "first_trade_7d", "ltv_30"):
        told: Any = metric_values(lake.engine, lake.snapshot, key)
        assert "derived from their activity" in told.reason


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"key": "net_revenu"}, UnknownName, "unknown_metric"),
        ({"period": "year"}, UnknownName, "unknown_period"),
        ({"by": "lifecicle"}, UnknownName, "unknown_grouping"),
        ({"by": "product"}, UnknownName, "unknown_grouping"),
        ({"where": "assets ="}, BadInput, "bad_rule"),
        ({"where": "no_column = 1"}, BadInput, "unknown_column"),
        ({"since": UNTIL, "until": SINCE}, BadInput, "empty_range"),
        ({"until": date(2200, 1, 1)}, NothingYet, "not_closed"),
    ],
)
def test_a_question_that_cannot_be_taken_is_refused(lake, asked, error, code):
    with pytest.raises(error) as refused:
        metric_values(lake.engine, lake.snapshot, **{"key": "net_revenue", **asked})
    assert refused.value.code == code


def test_a_range_before_the_first_closed_day_has_no_rows(lake):
    told = metric_values(lake.engine, lake.snapshot, "volume", since=date(1970, 1, 1), until=date(1970, 2, 1))
    assert (told.rows, told.reason) == ((), "no day of this range is closed")


SUMS = [one.key for one in SERVED if one.numerator.source == "days" and not one.numerator.trailing_days]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    users=st.lists(
        st.tuples(st.sampled_from(["ads", "word", None]), st.sampled_from(["vip", "repeat", None])), min_size=1, max_size=6
    ),
    did=st.lists(st.tuples(st.integers(0, 5), st.integers(29, 31), st.integers(-5, 9), st.integers(0, 3)), max_size=20),
)
def test_groups_add_up_to_the_whole_and_days_to_the_week(lake_of, users, did):
    lake = lake_of("2026-03-25", "2026-03-31")
    lake.has("profiles", "user_no channel_id\n" + "\n".join(f"{no} {channel or '-'}" for no, (channel, _) in enumerate(users)))
    lake.has("strata", "user_no lifecycle\n" + "\n".join(f"{no} {stratum or '-'}" for no, (_, stratum) in enumerate(users)))
    by_user = {(user % len(users), day): (money * 10**6, trades) for user, day, money, trades in did}
    rows = [
        BLANK | {"user_no": user, "day": date(2026, 3, day), "net_revenue_usdt": money, "spot_fees_usdt": money, "spot_trades": trades,
                 "spot_volume_usdt": trades * 10**7, "deposit_usdt": abs(money)}
        for (user, day), (money, trades) in by_user.items()
    ]  # fmt: skip
    lake.add("user_days", [tuple(row.values()) for row in rows])
    for key in ("net_revenue", "trades", "volume", "net_deposits", "active_traders", "arpu"):
        asked: dict[str, Any] = {"since": date(2026, 3, 29), "period": "day"}
        whole = metric_values(lake.engine, lake.snapshot, key, **asked).rows
        for by in ("channel_id", "lifecycle"):
            parts: Any = metric_values(lake.engine, lake.snapshot, key, **asked, by=by, stood="now").rows
            for row in whole:
                mine = [part for part in parts if part.since == row.since]
                assert sum(part.numerator for part in mine) == row.numerator
                if row.denominator is not None:
                    assert sum(part.denominator for part in mine) == row.denominator
    for key in ("net_revenue", "trades", "volume", "net_deposits"):
        [week] = metric_values(lake.engine, lake.snapshot, key, since=date(2026, 3, 25), until=UNTIL, period="month").rows
        by_day: Any = metric_values(lake.engine, lake.snapshot, key, since=date(2026, 3, 25), period="day").rows
        assert sum(day.value for day in by_day) == week.value
