"""Acquisition by channel, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from springtide.analytics.facts import fact_schema
from springtide.analytics.metrics.acquisition import acquisition, channel_users
from springtide.analytics.metrics.intervals import mean_of_sums, wilson
from springtide.kernel.errors import BadInput, NothingYet, UnknownName
from springtide.kernel.money import MICRO
from tests import tables

UNTIL = date(2026, 2, 23)  # 37 days, the day itself counted, end on 2026-03-31


@pytest.fixture
def channels(lake_of):
    lake = lake_of(given=("spot_trades", "transfers", "channels", "links"))
    lake.has("profiles", """
        user_no  channel_id  is_counted  registered_on  kyc_passed_on  first_deposit_on  first_trade_on
        1        ads         yes         2026-02-01     2026-02-01     2026-02-02        2026-02-03
        2        ads         yes         2026-02-01     2026-03-02     2026-03-03        2026-03-03
        3        ads         yes         2026-02-23     -              2026-02-24        2026-02-24
        4        word        yes         2026-02-02     -              -                 -
        5        ads         no          2026-02-02     2026-02-02     2026-02-02        2026-02-02
        6        ads         yes         2026-02-24     2026-02-24     2026-02-24        2026-02-24
    """)  # fmt: skip
    lake.has("user_days", """
        user_no  day         spot_trades  net_revenue_usdt
        1        2026-02-03  1            4
        1        2026-03-02  1            2
        1        2026-03-03  1            100
        1        2026-03-09  1            100
        2        2026-03-03  1            7
        3        2026-02-24  1            3
        3        2026-03-24  1            1
        5        2026-02-02  1            99
    """)  # fmt: skip
    return lake


def publish(lake, table, *rows):
    schema = fact_schema(table)
    lake.engine.table("given", schema, [tuple(({"version": 1} | row).get(column.name) for column in schema) for row in rows])
    with lake.lake.writing() as publication:
        path = publication.new_path(table)
        publication.add(table, path, rows=lake.engine.write("select * from given", path))
        publication.commit(now=tables.NOW)


def test_a_channel_is_told_by_what_its_users_did_in_their_first_days(channels):
    told = acquisition(channels.engine, channels.snapshot, since=date(2026, 2, 1), until=UNTIL, least_users=2)
    ads, word = told.rows
    assert (ads.channel_id, ads.rank, ads.registrations) == ("ads", 1, 3)
    assert (word.channel_id, word.rank, word.registrations) == ("word", None, 1)  # too few to be ranked
    assert (ads.kyc.users, ads.first_deposits.users, ads.first_trades.users) == (2, 2, 2)  # day 30 is a day too late
    assert (ads.kept.users, ads.kept.of) == (1, 2)  # user 1 traded on day 30; user 3 only on day 29
    assert ads.ltv_30.value == Decimal("3.333333")  # 4 + 2 + 0 + 3 + 1 over three users
    assert word.kept.value is None


def test_every_figure_opens_as_many_users_as_it_counts(channels):
    cohort: dict[str, Any] = {"since": date(2026, 2, 1), "until": UNTIL}

    def behind(channel, figure):
        return channel_users(channels.engine, channels.snapshot, channel, figure, **cohort)

    rows: Any = acquisition(channels.engine, channels.snapshot, **cohort).rows
    for row in rows:
        assert len(behind(row.channel_id, "registrations")) == row.registrations
        for figure in ("kyc", "first_deposits", "first_trades", "kept"):
            assert len(behind(row.channel_id, figure)) == getattr(row, figure).users
    assert behind("ads", "kept") == (1,)
    assert behind("ads", "ltv_30") == (1, 3)  # what user 2 brought came on day 30
    with pytest.raises(UnknownName) as refused:
        behind("ads", "spend_usdt")
    assert refused.value.code == "unknown_figure"


def test_what_was_spent_is_told_per_first_trade_and_paid_back_after_days(channels):
    day = date(2026, 2, 1)
    publish(channels, "channels", {"channel_id": "ads", "day": day, "name": "Ads", "spend_usdt": 8 * MICRO})
    rows: Any = acquisition(channels.engine, channels.snapshot, since=day, until=UNTIL).rows
    ads, word = rows
    assert ads.spend_usdt == 8
    assert ads.cpa.value == 4
    assert ads.cpa.low < 4 < ads.cpa.high
    assert ads.payback_days == 29  # 3 on day 1, 4 on day 2, then 1 and 2 on day 29: 10 in all
    assert (word.spend_usdt, word.cpa, word.payback_days) == (0, None, None)


def test_accounts_that_share_a_device_are_linked_and_those_behind_one_network_are_not(channels):
    at = datetime(2026, 2, 1)
    made = [(1, "device", "d"), (4, "device", "d"), (2, "ip24", "n"), (3, "ip24", "n"), (3, "face", "f")]
    publish(channels, "links", *(
        {"user_no": user, "account_no": user, "link_type": kind, "link_hash": value, "first_seen_at": at, "last_seen_at": at}
        for user, kind, value in made
    ))  # fmt: skip
    told = {
        row.channel_id: row.linked
        for row in acquisition(channels.engine, channels.snapshot, since=date(2026, 2, 1), until=UNTIL).rows
    }
    assert (told["ads"].users, told["word"].users) == (1, 1)


def test_what_was_not_given_has_a_reason(lake):
    lake.has("profiles", "user_no channel_id registered_on\n1 ads 2026-02-01")
    told = acquisition(lake.engine, lake.snapshot)
    assert told.reasons["linked"] == "no links was given"
    assert told.reasons["cpa"] == "no channels was given"
    assert (told.rows[0].linked, told.rows[0].spend_usdt, told.rows[0].cpa) == (None, None, None)


def test_users_who_still_have_time_are_no_cohort(lake):
    lake.has("profiles", "user_no channel_id registered_on\n1 ads 2026-02-01")
    with pytest.raises(NothingYet) as young:
        acquisition(lake.engine, lake.snapshot, until=date(2026, 2, 24))
    assert young.value.code == "too_young"
    with pytest.raises(BadInput):
        acquisition(lake.engine, lake.snapshot, since=UNTIL, until=date(2026, 1, 1))
    lake.has("users", "user_no is_derived\n1 yes")
    with pytest.raises(NothingYet):
        acquisition(lake.engine, lake.snapshot)


@pytest.mark.parametrize(("users", "of"), [(0, 10), (3, 10), (10, 10), (200, 1000)])
def test_shares_have_wilsons_interval(users, of):
    share = wilson(users, of)
    assert (share.low, share.high) == pytest.approx(proportion_confint(users, of, 0.05, "wilson"))


def test_money_has_the_normal_interval_of_its_mean():
    mean: Any = mean_of_sums((1 + 2 + 6) * MICRO, (1 + 4 + 36) * MICRO**2, 3)
    half = norm.ppf(0.975) * (7 / 3) ** 0.5  # the variance of 1, 2 and 6 is 7
    assert (float(mean.low), float(mean.value), float(mean.high)) == pytest.approx((3 - half, 3, 3 + half), abs=1e-6)
    assert mean_of_sums(MICRO, MICRO**2, 1).low is None
