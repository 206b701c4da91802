"""Cohort quality: who came back at all, by week of the first trade, worked out by hand."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.metrics import cohort_quality
from springtide.analytics.metrics.questions import LakeEvents, Stream, ask
from springtide.kernel.errors import NothingYet
from tests.exchange import Exchange

UTC = ZoneInfo("UTC")


@pytest.fixture
def exchange(tmp_path):
    exchange = Exchange.at(tmp_path)
    exchange.has(
        "users",
        """
        user      registered_at  channel_id
        early    2026-01-05     ads
        late     2026-01-05     ads
        keen     2026-01-05     word
        fresh    2026-01-05     word
    """,
    )
    exchange.has(
        "spot_trades",
        """
        user      executed_at  notional_usdt
        early    2026-01-05   10
        early    2026-03-02   10
        late     2026-01-11   10
        late     2026-01-11   10
        late     2026-03-09   10
        keen     2026-01-12   10
        keen     2026-01-20   10
        fresh    2026-03-24   10
    """,
    )
    exchange.closes(date(2026, 3, 31))
    yield exchange
    exchange.engine.close()


def quality(exchange, **asked):
    return cohort_quality(exchange.engine, exchange.lake.snapshot(), since=date(2026, 1, 5), **asked)


def test_back_is_a_trade_in_one_of_the_eight_weeks_after_the_first(exchange):
    told = quality(exchange)
    by_cohort = {str(row.cohort): (row.users, row.back.users, row.is_complete) for row in told.rows if row.users}
    assert by_cohort == {
        "2026-01-05": (2, 1, True),  # early came in week 8, late in week 9; twice on one day is not coming back
        "2026-01-12": (1, 1, True),
        "2026-03-23": (1, 0, False),
    }
    assert next(row for row in told.rows if not row.users).back.value is None


def test_of_one_channel_alone(exchange):
    told = quality(exchange, channel_id="word")
    assert [(str(row.cohort), row.users) for row in told.rows if row.users] == [("2026-01-12", 1), ("2026-03-23", 1)]


def test_a_cell_opens_as_many_users_as_it_counts(exchange):
    told, snapshot = quality(exchange), exchange.lake.snapshot()
    for row in told.rows:
        for column, users in ((0, row.users), (1, row.back.users)):
            opened = {**told.question, "open": {"cohort": str(row.cohort), "column": column}}
            stream = Stream(exchange.engine, LakeEvents(snapshot, UTC), UTC)
            assert len(ask(opened, stream)["opened"]["user_nos"]) == users


def test_where_nothing_is_traded_there_is_none(tmp_path):
    exchange = Exchange.at(tmp_path)
    exchange.has("users", "user registered_at\none 2026-03-01")
    exchange.has("sessions", "user day\none 2026-03-01")
    exchange.closes(date(2026, 3, 31))
    with pytest.raises(NothingYet) as refused:
        quality(exchange)
    assert refused.value.code == "not_available"
    exchange.engine.close()
