"""What is found about users after a close: each table can be worked out by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from springtide.analytics.engine import DuckEngine, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight.evidence import EvidenceSpec
from springtide.analytics.foresight.tables import CLUSTERS, REFERRAL_CYCLES, RISK_DAYS
from springtide.kernel.money import micro
from tests.analytics.foresight.conftest import TODAY
from tests.tables import has

HUNDRED = micro(100)


@pytest.fixture
def traders(exchange):
    """Four users who registered long ago; maker is a market maker."""
    exchange.has(
        "users",
        """
        user   registered_at  user_type
        ann    2025-06-01     retail
        bob    2025-06-01     retail
        cid    2025-06-01     retail
        maker  2025-06-01     market_maker
    """,
    )
    return exchange


def test_who_is_on_both_sides_of_a_trade_trades_with_themselves(traders):
    traders.has(
        "spot_trades",
        """
        user  executed_at       market   notional_usdt  counterparty_user_id
        ann   2026-03-31T10:00  BTC-USDT 100            ann
        ann   2026-03-31T10:05  BTC-USDT 40             bob
        bob   2026-03-31T10:05  BTC-USDT 40             -
    """,
    )
    traders.finds()
    assert traders.risk_days("own_account_usdt")["ann"] == HUNDRED
    assert traders.evidence("own_account_30d_usdt")["ann"] == HUNDRED


def test_what_two_users_trade_to_and_fro_within_an_hour_counts_whole(traders):
    """ann buys 100 of bob and sells him 95 fifty minutes later: 5 of 195 are left. With cid the hour is over before she sells."""
    traders.has(
        "spot_trades",
        """
        user  executed_at       market    side  notional_usdt  counterparty_user_id
        ann   2026-03-31T10:20  BTC-USDT  buy   100            bob
        ann   2026-03-31T11:10  BTC-USDT  sell  95             bob
        ann   2026-03-31T10:20  ETH-USDT  buy   100            cid
        ann   2026-03-31T11:21  ETH-USDT  sell  100            cid
        cid   2026-03-31T10:20  BTC-USDT  buy   100            bob
        cid   2026-03-31T10:30  BTC-USDT  sell  50             bob
    """,
    )
    traders.finds()
    assert traders.evidence("to_and_fro_30d_usdt") == {"ann": micro(195), "cid": 0}


def test_a_market_maker_is_nobodys_partner(traders):
    traders.has(
        "spot_trades",
        """
        user  executed_at       market    side  notional_usdt  counterparty_user_id
        ann   2026-03-31T10:20  BTC-USDT  buy   100            maker
        ann   2026-03-31T10:30  BTC-USDT  sell  100            maker
    """,
    )
    traders.finds()
    assert traders.evidence("to_and_fro_30d_usdt", "one_partner_30d_usdt") == {}


def test_the_partner_is_the_one_other_user_with_whom_most_of_the_day_was_traded(traders):
    """Two thirds of ann's volume were with bob; of cid's half, which is not most of it."""
    traders.has(
        "spot_trades",
        """
        user  executed_at       market    side  notional_usdt  counterparty_user_id
        ann   2026-03-31T10:00  BTC-USDT  buy   100            bob
        ann   2026-03-31T12:00  BTC-USDT  buy   100            bob
        ann   2026-03-31T14:00  BTC-USDT  buy   100            cid
        cid   2026-03-31T10:00  BTC-USDT  buy   100            bob
        cid   2026-03-31T12:00  BTC-USDT  buy   100            -
    """,
    )
    traders.finds()
    assert traders.risk_days("partner_no", "partner_usdt", "partner_trades") == {"ann": (traders.number("bob"), micro(200), 2)}


def test_opposite_positions_of_linked_accounts_within_five_minutes_are_a_hedge(traders):
    """ann and bob share a device. Their BTC positions are four minutes apart, over a boundary of the clock; the ETH ones six minutes."""
    traders.has("links", shared("ann bob"))
    traders.has(
        "contract_trades",
        """
        user  executed_at       market  side  notional_usdt  reduce_only  position_side
        ann   2026-03-31T10:03  BTC     buy   100            no           -
        bob   2026-03-31T10:07  BTC     sell  60             no           -
        ann   2026-03-31T10:00  ETH     buy   100            no           -
        bob   2026-03-31T10:06  ETH     sell  100            no           -
        ann   2026-03-31T12:00  SOL     buy   100            no           -
        bob   2026-03-31T12:01  SOL     sell  100            yes          -
        ann   2026-03-31T13:00  XRP     buy   100            no           long
        bob   2026-03-31T13:01  XRP     sell  100            no           long
        cid   2026-03-31T10:03  BTC     sell  100            no           -
    """,
    )
    traders.finds()
    assert traders.evidence("hedge_30d_usdt") == {"ann": HUNDRED, "bob": micro(60)}


def test_accounts_linked_by_a_crowd_are_no_hedge(traders):
    traders.has("links", shared("ann bob"))
    traders.has(
        "contract_trades",
        """
        user  executed_at       market  side  notional_usdt
        ann   2026-03-31T10:03  BTC     buy   100
        bob   2026-03-31T10:04  BTC     sell  100
    """,
    )
    traders.finds(spec=EvidenceSpec(most_linked=1))
    assert traders.evidence("hedge_30d_usdt") == {"ann": 0, "bob": 0}


def test_the_highest_leverage_and_the_rewards_of_a_day_are_kept(traders):
    traders.has(
        "contract_trades",
        """
        user  executed_at       market  notional_usdt  leverage
        ann   2026-03-31T09:00  BTC     100            10
        ann   2026-03-31T10:00  BTC     100            20.5
        bob   2026-03-31T10:00  BTC     100            -
    """,
    )
    traders.has(
        "reward_entries",
        """
        user  happened_at       campaign_ref  action  usdt
        ann   2026-03-31T10:00  a             grant   5
        ann   2026-03-31T11:00  a             revoke  5
        cid   2026-03-31T10:00  a             grant   7
    """,
    )
    traders.finds()
    assert traders.risk_days("highest_leverage", "rewards_usdt") == {"ann": (21, micro(5)), "cid": (None, micro(7))}


def test_what_days_said_is_summed_over_thirty_of_them():
    """The 1st is thirty days before the 31st, and out. Of two partners the one with more counts; a cluster's rewards are those of all."""
    engine = DuckEngine(memory_limit="256MB", threads=1)
    for table in ("restrictions", "referrals", "users"):
        engine.table(table, fact_schema(table), ())
    has(engine, "referral_cycles", "user_no size", REFERRAL_CYCLES)
    has(engine, "clusters", "user_no cluster_no size is_hub_only\n1 1 2 no\n2 1 2 no", CLUSTERS)
    has(
        engine,
        "risk_days",
        """
        user_no  day         own_account_usdt  partner_no  partner_usdt  partner_trades  highest_leverage  rewards_usdt
        1        2026-03-01  900               8           900           9               125               900
        1        2026-03-02  1                 8           10            1               5                 20
        1        2026-03-30  2                 9           15            2               -                 0
        1        2026-03-31  4                 8           10            3               3                 5
        2        2026-03-31  0                 -           0             0               -                 7
    """,
        RISK_DAYS,
    )
    day = {"day": TODAY, "to_at": datetime(2026, 4, 1), "next_at": datetime(2026, 4, 2)}
    told = engine.rows(definition("springtide.analytics.foresight", "risk_evidence").text, **day).dicts()
    engine.close()
    partner = ("one_partner_30d_usdt", "one_partner_trades_30d")
    columns = ("own_account_30d_usdt", *partner, "highest_leverage_30d", "rewards_30d_usdt", "cluster_rewards_30d_usdt")
    assert [[row[column] for column in columns] for row in told] == [
        [micro(7), micro(20), 4, 5, micro(25), micro(32)],
        [0, 0, 0, None, micro(7), micro(32)],
    ]


def test_a_restriction_counts_on_the_day_after_the_close(traders):
    """The evidence of 31 March is used on 1 April."""
    traders.has(
        "restrictions",
        """
        user   kind            valid_from        valid_to
        ann    self_exclusion  2026-04-01T09:00  -
        ann    vulnerable      2026-01-01        -
        bob    cooling_off     2026-03-01        2026-04-01
        cid    sanctions       2026-03-01        2026-04-01T00:01
        maker  risk_hold       2026-04-02        -
    """,
    )
    traders.has("spot_trades", "user executed_at notional_usdt\nann 2026-03-31T10:00 1")
    traders.finds()
    assert traders.evidence("is_self_excluded", "is_vulnerable", "is_cooling_off", "is_sanctioned", "is_on_risk_hold") == {
        "ann": (True, True, False, False, False),
        "cid": (False, False, False, True, False),
    }


def test_a_thing_that_many_share_links_nobody(traders):
    traders.has(
        "links", shared("ann bob cid") + "\ncid payment card 2026-01-01 2026-01-01\nmaker payment card 2026-01-01 2026-01-01"
    )
    traders.has("spot_trades", "user executed_at notional_usdt\nann 2026-03-31T10:00 1")
    traders.finds(spec=EvidenceSpec(hub_users=2))
    assert traders.evidence("cluster_no", "cluster_size", "is_cluster_hub_only") == {
        "ann": (0, 1, True), "bob": (1, 1, True), "cid": (2, 2, False), "maker": (2, 2, False)
    }  # fmt: skip
    assert traders.finds_again()
    assert traders.evidence("cluster_size")["ann"] == 4


def test_an_address_block_links_nobody(traders):
    traders.has("links", shared("ann bob").replace("device", "ip24"))
    traders.has("spot_trades", "user executed_at notional_usdt\nann 2026-03-31T10:00 1")
    traders.finds()
    assert traders.evidence("cluster_size") == {}


def test_who_invited_themselves_or_each_other_is_told_with_the_length_of_the_round(traders):
    """ann invited herself; bob and cid each other; maker was invited by bob, of whose cluster maker is."""
    traders.has(
        "referrals",
        """
        user   inviter_no  happened_at
        ann    0           2026-01-01
        bob    2           2026-01-01
        cid    1           2026-01-01
        maker  1           2026-01-01
    """,
    )
    traders.has("links", shared("bob maker"))
    traders.has("spot_trades", "user executed_at notional_usdt\nann 2026-03-31T10:00 1")
    traders.finds()
    assert traders.evidence("referral_cycle_size", "is_referred_within_cluster") == {
        "ann": (1, False), "bob": (2, False), "cid": (2, False), "maker": (None, True)
    }  # fmt: skip


def test_found_again_nothing_changes_and_a_late_fact_changes_its_day(traders):
    trades = "user executed_at market notional_usdt counterparty_user_id\nann 2026-03-30T10:00 BTC-USDT 100 ann"
    traders.has("spot_trades", trades)
    assert traders.finds()
    version = traders.lake.snapshot().manifest.version
    assert not traders.finds_again()
    assert traders.lake.snapshot().manifest.version == version
    traders.has("spot_trades", trades.replace("100", "70"), instead_of=date(2026, 3, 30))
    assert traders.finds()
    assert traders.evidence("own_account_30d_usdt") == {"ann": micro(70)}


def test_a_channel_is_worth_what_its_users_brought_in_their_first_ninety_days():
    """Day 89 of users 1 and 4 was yesterday, so what user 1 brought today is left out; user 3's ninety days are not over."""
    engine = DuckEngine(memory_limit="256MB", threads=1)
    has(
        engine,
        "profiles",
        """
        user_no  registered_on  channel_id  net_revenue_all_usdt
        1        2025-12-31     search      109
        2        2025-12-05     search      30
        3        2026-01-02     search      77
        4        2025-12-31     video       8
        5        2025-12-02     video       1000
    """,
    )
    has(engine, "user_days", "user_no day net_revenue_usdt\n1 2026-03-30 10\n1 2026-03-31 99\n4 2026-03-30 8")
    told = engine.rows(definition("springtide.analytics.foresight", "channel_values").text, day=TODAY, least_users=2).values
    engine.close()
    assert told == [(None, 3, micro(16)), ("search", 2, micro(20))]


def shared(users: str) -> str:
    """Users who share one device."""
    rows = [f"{user} device d1 2026-01-01 2026-01-01" for user in users.split()]
    return "\n".join(["user link_type link_hash first_seen_at last_seen_at", *rows])
