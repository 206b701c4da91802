"""The traders of a real rebate campaign, from their published file to growth accounting: 40 weeks, 35,284 users."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from springtide.home import Home
from springtide.kernel.errors import NothingYet
from tests import sql

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_WEEK, LAST_DAY = date(2021, 1, 25), date(2021, 10, 31)


@pytest.fixture(scope="module")
def traders(published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("balancer")
    source = published("balancer_weekly") / "user_week.parquet"
    sql.run(
        f"copy (select * from '{source}' where product = 'trade_gas_rebate') to '{folder / 'user_week.parquet'}' (format parquet)"
    )
    home = Home.create(folder / "home")
    home.import_path(folder, mapping="balancer_weekly", now=NOW)
    home.close(through=LAST_DAY, now=NOW)
    return home


@pytest.mark.real_data
@pytest.mark.slow
class TestTraders:
    def test_every_user_week_is_new_retained_or_resurrected(self, traders):
        """Counted by the data set's authors: 53,290 user-weeks of 35,284 users in weeks 35 to 74."""
        rows = traders.growth(unit="users", period="week", product="trade_gas_rebate", since=FIRST_WEEK, until=LAST_DAY).rows
        assert len(rows) == 40
        assert rows[0].new == 441
        parts = ("active", "new", "retained", "resurrected", "churned")
        assert [sum(getattr(row, part) for row in rows) for part in parts] == [53_290, 35_284, 8_320, 9_686, 44_234]

    def test_what_the_file_does_not_say_is_not_available(self, traders):
        told = traders.strata().as_dict()["stratifications"]
        available = {key for key, stratification in told.items() if stratification["available"]}
        assert available == {"tenure", "activity"}
        for key in told.keys() - available:
            assert told[key]["reason"]
            assert told[key]["strata"] == {}

    def test_all_users_stand_in_what_is_available(self, traders):
        told = traders.strata()
        available = [each.key for each in told.stratifications if each.reason is None]
        assert available
        for key in available:
            assert sum(row.users for row in told.rows if row.stratification == key) == 35_284

    def test_a_weekly_source_has_no_days(self, traders):
        with pytest.raises(NothingYet):
            traders.growth(unit="users", period="day", product="trade_gas_rebate")
        with pytest.raises(NothingYet):
            traders.daily_states()
