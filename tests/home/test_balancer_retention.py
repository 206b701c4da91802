"""Retention of a real rebate campaign and a real earn programme: what the data set's authors counted is what the question tells."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

import springtide
from springtide.home import Home
from tests import sql

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def traders(published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("traders")
    source = published("balancer_weekly") / "user_week.parquet"
    chosen = f"select * from '{source}' where product = 'trade_gas_rebate'"
    sql.run(f"copy ({chosen}) to '{folder / 'user_week.parquet'}' (format parquet)")
    home = Home.create(folder / "home")
    home.import_path(folder, mapping="balancer_weekly", now=NOW)
    home.close(through=date(2021, 10, 31), now=NOW)
    return home


def retention(product, first, last, **more):
    """Weekly cohorts by the first week within the product, counted on."""
    event = {"event": product}
    question = {"kind": "retention", "start": event, "return": event, "period": "week", "cohort_rule": "first_match", **more}
    return {**question, "cohort_from": str(first), "cohort_to": str(last), "counting": "on"}


def ratio_of_sums(told, column):
    """Users who came back ÷ users of the cohorts, over the cells whose time has passed."""
    rows = [row for row, known in zip(told["matrix"], told["complete"], strict=True) if known[column]]
    return sum(row[column] for row in rows), sum(row[0] for row in rows)


@pytest.mark.real_data
@pytest.mark.slow
class TestTraders:
    def test_retention_after_one_four_eight_and_thirteen_weeks(self, traders):
        told = traders.ask(retention("trade_gas_rebate", date(2021, 1, 25), date(2021, 10, 31), intervals=14))
        assert ratio_of_sums(told, 1) == (2_767, 34_842)  # 7.9 %
        assert ratio_of_sums(told, 4) == (1_340, 33_986)  # 3.9 %
        assert ratio_of_sums(told, 8) == (717, 30_780)  # 2.3 %
        assert ratio_of_sums(told, 13) == (436, 30_000)  # 1.5 %

    def test_cohort_quality_falls_while_the_campaign_widens(self, traders):
        """Any repeat within the eight weeks after, by cohort: weeks 35, 37, 43 and 50."""
        told = traders.ask(retention("trade_gas_rebate", date(2021, 1, 25), date(2021, 10, 31), brackets=[[1, 8]]))
        by_cohort = dict(zip(told["cohorts"], told["matrix"], strict=True))
        weeks = {
            "2021-01-25": (441, 47.0),
            "2021-02-08": (2_943, 17.5),
            "2021-03-22": (5_127, 10.7),
            "2021-05-10": (1_421, 8.0),
        }
        for cohort, (users, percent) in weeks.items():
            came, back = by_cohort[cohort]
            assert came == users
            assert 100 * back / came == pytest.approx(percent, abs=0.5 if cohort == "2021-01-25" else 0.05)
        rows = {str(row.cohort): row for row in traders.cohort_quality(since=date(2021, 1, 25), until=date(2021, 10, 31)).rows}
        assert {cohort: (rows[cohort].users, rows[cohort].back.users) for cohort in weeks} == {
            cohort: tuple(by_cohort[cohort]) for cohort in weeks
        }
        quality = [by_cohort[cohort][1] / by_cohort[cohort][0] for cohort in weeks]
        assert all(later < earlier for earlier, later in pairwise(quality))


@pytest.mark.real_data
@pytest.mark.slow
def test_providers_of_liquidity_stay(published, tmp_path):
    """LP in BAL on all chains, through 2022-04-24: +1, +4 and +13 weeks."""
    first, last = date(2020, 6, 1), date(2022, 4, 24)
    source = published("balancer_weekly") / "user_week.parquet"
    chosen = f"select distinct user_id as user, product as event, week_start as time from '{source}'"
    chosen += f" where product = 'lp_mining' and token = 'BAL' and week_start < '{last}'"
    sql.run(f"copy ({chosen}) to '{tmp_path / 'weeks.parquet'}' (format parquet)")
    question = retention("lp_mining", first, last, intervals=14, observed_to=str(last))
    told = springtide.ask(question, events=tmp_path / "weeks.parquet")
    percents = [100 * back / came for back, came in (ratio_of_sums(told, column) for column in (1, 4, 13))]
    assert percents == pytest.approx([81.8, 64.4, 47.9], abs=0.05)
