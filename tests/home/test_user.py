"""One user: where they stand and by which rule, how they moved, what happened, and with whom they share something."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from springtide.analytics.metrics.user_timeline import user_timeline
from springtide.home import Home
from springtide.kernel.errors import NothingYet, UnknownName
from tests.exchange import Exchange

LAST = date(2026, 1, 12)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """Ann deposits, trades twice on the 3rd and falls silent; bob has only registered, from the same device."""
    path = tmp_path_factory.mktemp("one-user")
    Home.create(path)
    exchange = Exchange.at(path)
    exchange.has("users", "user  registered_at\nann  2026-01-01T08:00\nbob  2026-01-05T08:00")
    exchange.has("transfers", "user  happened_at       kind     usdt  quantity\nann  2026-01-02T09:00  deposit  500   500")
    exchange.has(
        "spot_trades",
        """
        user  executed_at       notional_usdt  fee_usdt
        ann   2026-01-03T10:00  100            0.10
        ann   2026-01-03T23:00  50             0.05
        """,
    )
    exchange.has(
        "links",
        """
        user  link_type  link_hash
        ann   device     d1
        bob   device     d1
        ann   ip24       lonely
        """,
    )
    exchange.states("restrictions", "contract_trades", "balances", "reward_entries", "vip_tiers")
    exchange.closes(LAST)
    return exchange


@pytest.fixture(scope="module")
def home(exchange):
    return Home(exchange.lake.root.parent)


def _stands(user):
    return {each.stratification: each for each in user.stands}


def test_a_stratum_is_explained_by_the_rules_down_to_it_with_the_values_that_met_them(home):
    activity = _stands(home.user("ann"))["activity"]

    assert (activity.stratum, activity.since) == ("cooling", date(2026, 1, 11))  # eight days after the last fill
    assert [str(why) for why in activity.placement.reasons] == [
        "days_since_trade is null: no (days_since_trade is 9)",
        "days_since_trade <= 7: no (days_since_trade is 9)",
        "days_since_trade <= 30: yes (days_since_trade is 9)",
    ]


def test_every_stratification_that_stands_is_explained_by_the_stratum_that_was_published(home):
    for user_id in ("ann", "bob"):
        for each in home.user(user_id).stands:
            assert each.reason or each.placement.stratum.name == each.stratum, each.stratification


def test_moves_are_told_newest_first_and_begin_on_the_first_closed_day(home):
    moves = [
        (move.day.day, move.from_stratum, move.to_stratum)
        for move in home.user("ann").moves
        if move.stratification == "activity"
    ]

    assert moves == [(11, "active", "cooling"), (3, "never_traded", "active"), (2, None, "never_traded")]


def test_the_timeline_tells_fills_by_day_and_everything_else_as_it_came(home):
    told = [(row.happened_at, row.kind, row.what, row.amount_usdt, row.times) for row in home.user("ann").timeline]

    assert told == [
        (datetime(2026, 1, 3, 10), "traded_spot", None, Decimal(150), 2),
        (datetime(2026, 1, 2, 9), "deposit", "USDT", Decimal(500), None),
        (datetime(2026, 1, 1, 8), "registered", None, None, None),
    ]


def test_the_timeline_begins_where_it_is_asked_to(home):
    assert [row.kind for row in home.user("ann", since=date(2026, 1, 3)).timeline] == ["traded_spot"]
    assert [row.kind for row in home.user("ann", as_of=date(2026, 1, 2)).timeline] == ["deposit", "registered"]


def test_a_link_counts_the_others_who_share_it(home):
    assert [(link.link_type, link.others) for link in home.user("ann").links] == [("device", 1)]


def test_an_earlier_day_shows_the_user_as_it_was(home):
    user = home.user("ann", as_of=date(2026, 1, 4))

    assert _stands(user)["activity"].stratum == "active"
    assert user.profile["volume_30d_usdt"] == Decimal(150)


def test_a_column_that_cannot_be_told_is_missing_with_its_reason(tmp_path):
    Home.create(tmp_path)
    exchange = Exchange.at(tmp_path)
    exchange.has("users", "user  registered_at\nann  2026-01-01")
    exchange.has("spot_trades", "user  executed_at  notional_usdt\nann  2026-01-02   10")
    exchange.closes()
    user = Home(tmp_path).user("ann")

    assert "equity_usdt" not in user.profile
    assert "no balances" in user.missing["equity_usdt"]
    assert "no balances" in _stands(user)["assets"].reason
    assert _stands(user)["assets"].placement is None


def test_an_unknown_id_or_day_is_told(home):
    with pytest.raises(UnknownName) as told:
        home.user("Ann")
    assert told.value.code == "unknown_user"
    with pytest.raises(NothingYet) as too_early:
        home.user("ann", as_of=date(2025, 1, 1))
    assert too_early.value.code == "not_kept"


@pytest.mark.spark
def test_spark_tells_the_same_timeline(exchange, spark):
    asked = {
        "user_no": exchange.number("ann"),
        "since": date(2026, 1, 1),
        "until": LAST,
        "zone": Home(exchange.lake.root.parent).settings.zone,
    }
    snapshot = exchange.lake.snapshot()

    assert user_timeline(spark, snapshot, **asked) == user_timeline(exchange.engine, snapshot, **asked)
