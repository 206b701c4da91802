"""What the close keeps of watched metrics: their days as worked by hand, again only what moved, and the signals they raise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from springtide.analytics.metrics.signals.evaluating import evaluate_signals, read_days, read_signals
from springtide.analytics.metrics.signals.watched import WATCHED, metric_days, series_of, watched
from springtide.kernel.errors import UnknownName
from tests.tables import NOW

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)


@pytest.fixture
def told(lake):
    lake.has("profiles", """
        user_no  is_counted  channel_id  registered_on  first_deposit_on  first_trade_on
        1        yes         ads         2026-03-23     2026-03-29        2026-03-29
        2        yes         friends     2026-03-23     2026-03-29        2026-03-31
        3        yes         ads         2026-03-25     2026-03-30        -
        4        yes         ads         2026-03-30     2026-03-31        2026-03-31
        5        no          ads         2026-03-23     2026-03-29        2026-03-29
    """)  # fmt: skip
    lake.has("firsts", """
        user_no  first_deposit_at  first_spot_at     first_contract_at
        1        2026-03-29T10:00  2026-03-29T11:00  -
        2        2026-03-29T10:00  -                 2026-03-31T10:00
        3        2026-03-30T10:00  -                 -
        4        2026-03-31T10:00  2026-03-31T09:00  -
        5        2026-03-29T10:00  2026-03-29T11:00  -
    """)  # fmt: skip
    lake.has("user_days", """
        user_no  day         spot_trades  spot_volume_usdt  net_revenue_usdt  deposit_usdt
        1        2026-03-29  2            100               4                 50
        5        2026-03-29  9            900               9                 9
    """)  # fmt: skip
    lake.has("user_days", """
        user_no  day         contract_trades  contract_volume_usdt  contract_fees_usdt  net_revenue_usdt  withdrawal_usdt
        2        2026-03-29  1                300                   2                   -1                80
    """)  # fmt: skip
    lake.has("equity_days", "user_no  day  equity_usdt\n1  2026-03-29  70\n5  2026-03-29  900")

    def figures(metric, since="2026-03-23", until="2026-03-31"):
        span = {"since": date.fromisoformat(since), "until": date.fromisoformat(until)}
        rows = metric_days(lake.engine, lake.snapshot, through=LAST, **span)
        return [(str(day), group, *figure) for day, key, group, *figure in rows if key == metric]

    return figures


def test_sums_of_a_day_count_only_who_is_counted_and_a_day_without_anything_is_zero(told):
    assert told("net_revenue", "2026-03-28", "2026-03-29") == [
        ("2026-03-28", None, 0, None),
        ("2026-03-29", None, 3_000_000, None),
    ]
    assert told("net_deposits", "2026-03-29", "2026-03-29") == [("2026-03-29", None, -30_000_000, None)]
    assert told("active_traders", "2026-03-29", "2026-03-29") == [("2026-03-29", None, 2, None)]
    assert told("contract_traders", "2026-03-29", "2026-03-29") == [("2026-03-29", None, 1, 2)]
    assert told("take_rate", "2026-03-29", "2026-03-29") == [("2026-03-29", None, 2_000_000, 400_000_000)]


def test_assets_have_no_row_where_they_are_not_known(told):
    assert told("assets") == [("2026-03-29", None, 70_000_000, None)]


def test_a_share_has_a_day_once_its_24_hours_have_passed(told):
    """On the 29th two deposit and one trades in time; on the 30th one and none; the 31st is not over yet for those who came."""
    assert [row for row in told("first_trade_24h", "2026-03-29") if row[1] is None] == [
        ("2026-03-29", None, 1, 2),
        ("2026-03-30", None, 0, 1),
    ]
    assert [row for row in told("first_trade_24h", "2026-03-29", "2026-03-29") if row[1]] == [
        ("2026-03-29", "channel_id=ads", 1, 1),
        ("2026-03-29", "channel_id=friends", 0, 1),
    ]


def test_a_share_of_seven_days_has_a_day_once_these_have_passed(told):
    """Of those of the 23rd one traded on day 6 and one on day 8; the 25th is the last day whose days 0 to 6 are over."""
    days = told("first_trade_7d")
    assert [day for day, *_ in days] == ["2026-03-23", "2026-03-24", "2026-03-25"]
    assert days[0] == ("2026-03-23", None, 1, 2)


def test_the_mix_is_each_channels_part_of_all(told):
    assert told("registrations", "2026-03-23", "2026-03-23") == [
        ("2026-03-23", None, 2, None),
        ("2026-03-23", "channel_id=ads", 1, 2),
        ("2026-03-23", "channel_id=friends", 1, 2),
    ]


def test_what_was_not_given_is_not_watched(lake_of):
    lake = lake_of(given=["users"])
    lake.has("profiles", "user_no  registered_on\n1  2026-03-23")
    lake.has("firsts", "user_no\n1")
    rows = metric_days(lake.engine, lake.snapshot, since=LAST, until=LAST, through=LAST)
    assert {row[1] for row in rows} == {"registrations"}


def test_strata_are_parts_of_all_users_on_days_that_are_kept_one_after_another(lake):
    lake.has("profiles", "user_no\n1")
    for day in ("2026-02-28", "2026-03-30", "2026-03-31"):
        lake.has("strata", "user_no  lifecycle\n1  vip\n2  vip\n3  repeat", on=day)
    rows = metric_days(lake.engine, lake.snapshot, since=FIRST, until=LAST, through=LAST)
    assert [(str(row[0]), *row[2:]) for row in rows if row[1] == "users"] == [
        ("2026-03-30", "lifecycle=repeat", 1, 3),
        ("2026-03-30", "lifecycle=vip", 2, 3),
        ("2026-03-31", "lifecycle=repeat", 1, 3),
        ("2026-03-31", "lifecycle=vip", 2, 3),
    ]


def test_money_becomes_usdt_and_each_group_a_series_of_its_family():
    [total, ads] = series_of([(FIRST, "arpu", None, 3_000_000, 2), (FIRST, "registrations", "channel_id=ads", 1, 2)])
    assert (total.metric, total.kind, total.family, total.points[0].value) == ("arpu", "level", "all", 1.5)
    assert (ads.kind, ads.group, ads.family, ads.points[0].value) == ("total", "channel_id=ads", "channel_id", 0.5)


def test_an_unwatched_metric_is_told_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'net_revenue'"):
        watched("net_revenu")
    assert {watched(one.key) for one in WATCHED} == {one.metric.asks for one in WATCHED}


# The lake


@pytest.fixture
def broken(lake):
    """A hundred USDT a day, give or take, and nothing any more from 25 March on."""
    lake.has("profiles", "user_no\n1")
    lake.has("firsts", "user_no\n1")
    lines = ["user_no  day  spot_trades  net_revenue_usdt"]
    for number in range(90):
        day = FIRST + timedelta(days=number)
        if day < date(2026, 3, 25):
            lines.append(f"1  {day}  1  {100 + number % 3}")
    lake.has("user_days", "\n".join(lines))
    return lake


def evaluated(lake, **how):
    return [
        (signal.metric, str(signal.day), signal.direction)
        for signal in evaluate_signals(lake.lake, lake.engine, **{"baselines": {}, "now": NOW, **how})
    ]


def test_a_break_is_kept_in_the_lake_as_a_signal(broken):
    assert ("net_revenue", "2026-03-25", "down") in evaluated(broken)
    [kept] = [signal for signal in read_signals(broken.engine, broken.snapshot) if signal.metric == "net_revenue"]
    assert (kept.rule, kept.value, kept.group, kept.p_value) == ("outside", 0.0, None, 0.0)
    assert kept.expected == pytest.approx(101, abs=2)


def test_done_again_it_changes_nothing(broken):
    first = evaluated(broken)
    version = broken.snapshot.manifest.version
    assert evaluated(broken) == first
    assert broken.snapshot.manifest.version == version


def test_a_day_whose_facts_changed_is_reckoned_again_and_days_before_it_are_not(broken):
    evaluated(broken)
    before = read_days(broken.engine, broken.snapshot)
    broken.has("user_days", "user_no  day  spot_trades  net_revenue_usdt\n1  2026-03-25  1  101")
    broken.closed_with("2026-03-25", revisions={"spot_trades": 2})
    assert ("net_revenue", "2026-03-26", "down") in evaluated(broken)
    after = read_days(broken.engine, broken.snapshot)
    changed = {row[0] for row in set(before) ^ set(after)}
    assert changed == {date(2026, 3, 25)}


def test_a_baseline_begun_anew_is_judged_anew(broken):
    evaluated(broken)
    begun = {("net_revenue", None): date(2026, 3, 25)}
    assert "net_revenue" not in {metric for metric, *_ in evaluated(broken, baselines=begun)}


def test_a_source_by_week_raises_nothing(broken):
    broken.note("grains", ["week"])
    assert evaluated(broken) == []
