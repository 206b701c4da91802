"""Closing a day: what a user did, once and only once, whatever came late, twice or was taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from springtide.analytics.daybook.close import close
from springtide.analytics.daybook.tables import ACTIVITY, EQUITY_DAYS, FIRSTS, PROFILES, STATE, USER_DAYS
from springtide.kernel.errors import BadInput, NothingYet
from tests.exchange import Exchange, close_spec

FIRST, SECOND, THIRD = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)


def two_traders(exchange: Exchange) -> None:
    exchange.has(
        "users",
        """
        user           registered_at  status
        daily_trader   2026-01-01     active
        deposited_only 2026-02-20     active
        """,
    )
    exchange.has(
        "spot_trades",
        """
        user          executed_at       notional_usdt  fee_usdt
        daily_trader  2026-03-01T09:00  100            0.1
        daily_trader  2026-03-01T10:00  50             0.05
        daily_trader  2026-03-02T09:00  200            0.2
        """,
    )
    exchange.has(
        "transfers",
        """
        user            happened_at       kind        usdt  status
        deposited_only  2026-03-01T08:00  deposit     500   completed
        deposited_only  2026-03-01T09:00  deposit     900   pending
        deposited_only  2026-03-02T08:00  withdrawal  100   completed
        daily_trader    2026-03-02T08:00  internal_in 777   completed
        """,
    )


def test_a_day_holds_what_its_users_did(exchange):
    two_traders(exchange)
    exchange.closes(FIRST)
    assert exchange.tells(
        "user_days", "user_no, spot_trades, spot_volume_usdt, deposits, deposit_usdt, net_revenue_usdt", USER_DAYS
    ) == [
        (0, 2, 150_000_000, 0, 0, 150_000),
        (1, 0, 0, 1, 500_000_000, 0),
    ]


def test_windows_move_on_as_days_enter_and_leave(exchange):
    two_traders(exchange)
    exchange.closes(SECOND)
    assert exchange.tells("state", "user_no, spot_trades_7d, spot_volume_7d_usdt, spot_trades_all", STATE) == [
        (0, 3, 350_000_000, 3),
        (1, 0, 0, 0),
    ]
    exchange.closes(date(2026, 3, 8))  # 1 March has left the seven days from 2 to 8 March
    assert exchange.tells("state", "user_no, spot_trades_7d, spot_volume_7d_usdt, spot_trades_all", STATE)[0] == (
        0,
        1,
        200_000_000,
        3,
    )


def test_masks_remember_the_days_the_weeks_and_the_months(exchange):
    two_traders(exchange)
    exchange.closes(THIRD)
    told = exchange.tells(
        "activity", "product, user_no, first_on, last_on, days_mask, weeks_mask, months_mask", ACTIVITY, order="1, 2"
    )
    # 3 March is a Tuesday: 2 March lies in its ISO week, 1 March (a Sunday) in the week before.
    assert ("trading", 0, FIRST, SECOND, 0b110, 0b11, 0b1) in told
    assert ("platform", 1, FIRST, FIRST, 0b100, 0b10, 0b1) in told


def test_closing_again_changes_nothing(exchange):
    two_traders(exchange)
    exchange.closes(SECOND)
    before = exchange.lake.manifest_path.read_bytes()
    assert exchange.closes(SECOND).days == ()
    assert exchange.lake.manifest_path.read_bytes() == before


def test_one_close_of_three_days_and_three_closes_of_one_give_the_same(tmp_path):
    at_once, daily = Exchange.at(tmp_path / "a"), Exchange.at(tmp_path / "b")
    for one in (at_once, daily):
        two_traders(one)
    at_once.closes(THIRD)
    for day in (FIRST, SECOND, THIRD):
        daily.closes(day)
    for table, schema in (("state", STATE), ("activity", ACTIVITY), ("firsts", FIRSTS), ("profiles", PROFILES)):
        on = THIRD if table == "profiles" else None
        assert at_once.tells(table, "*", schema, day=on, order="all") == daily.tells(table, "*", schema, day=on, order="all")


def test_a_late_fill_restates_its_day_and_says_which_figures_moved(exchange):
    two_traders(exchange)
    exchange.closes(SECOND)
    exchange.has(
        "spot_trades",
        """
        user            executed_at       notional_usdt  fee_usdt
        deposited_only  2026-03-01T12:00  40             0.04
        """,
    )
    [restated] = exchange.closes(SECOND).restated
    assert restated.day == FIRST
    assert restated.figures == {
        "spot_trades": (2, 3),
        "spot_volume_usdt": (150_000_000, 190_000_000),
        "spot_fees_usdt": (150_000, 190_000),
        "net_revenue_usdt": (150_000, 190_000),
    }
    assert exchange.tells("state", "user_no, spot_trades_7d", STATE) == [(0, 3), (1, 1)]
    assert exchange.stratum("lifecycle", SECOND) == {
        "daily_trader": None,
        "deposited_only": None,
    }  # restrictions were never stated
    assert exchange.stratum("activity", SECOND) == {"daily_trader": "active", "deposited_only": "active"}
    assert exchange.verifies().is_equal


def test_a_voided_fill_is_taken_out_of_sums_masks_and_firsts(exchange):
    two_traders(exchange)
    exchange.closes(SECOND)
    exchange.has("spot_trades", "user executed_at notional_usdt", instead_of=FIRST)
    exchange.closes(SECOND)
    assert exchange.tells("state", "user_no, spot_trades_all", STATE) == [(0, 1), (1, 0)]
    [(first, last)] = exchange.tells("firsts", "first_spot_at, last_spot_at", FIRSTS, order="1 limit 1")
    assert (first, last) == (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 9))
    assert ("trading", SECOND, 0b1) in exchange.tells("activity", "product, first_on, days_mask", ACTIVITY)
    assert exchange.verifies().is_equal


def test_a_day_begins_where_the_reporting_zone_says(tmp_path):
    exchange = Exchange.at(tmp_path, "Asia/Shanghai")
    exchange.has("users", "user registered_at status\nnight_owl 2026-01-01 active")
    exchange.has("spot_trades", "user executed_at notional_usdt\nnight_owl 2026-03-01T15:59 10\nnight_owl 2026-03-01T16:00 20")
    exchange.closes(SECOND)
    assert exchange.tells("user_days", "day, spot_volume_usdt", USER_DAYS) == [(FIRST, 10_000_000), (SECOND, 20_000_000)]


def test_a_liquidation_is_no_activity_and_a_voucher_costs_once(exchange):
    exchange.has("users", "user registered_at status\nliquidated 2026-01-01 active")
    exchange.has(
        "contract_trades",
        """
        user        executed_at       notional_usdt  fee_usdt  fill_type    order_id
        liquidated  2026-03-01T09:00  1000           0.5       normal       a
        liquidated  2026-03-01T10:00  600            0.3       liquidation  b
        liquidated  2026-03-01T10:01  400            0.2       liquidation  b
        """,
    )
    exchange.has(
        "reward_entries",
        """
        user        happened_at       campaign_ref  action        usdt
        liquidated  2026-03-01T09:00  c             grant         9
        liquidated  2026-03-01T09:00  c             consume_fee   2
        liquidated  2026-03-01T11:00  c             consume_loss  0.25
        """,
    )
    exchange.closes()
    columns = "contract_trades, contract_volume_usdt, liquidations, contract_fees_usdt, rewards_consumed_usdt, net_revenue_usdt"
    # Fees 0.5 + 0.3 + 0.2 are as charged, after the voucher of 2; only the loss cover of 0.25 costs beside them.
    assert exchange.tells("user_days", columns, USER_DAYS) == [(1, 1_000_000_000, 1, 1_000_000, 2_250_000, 750_000)]


def test_who_is_not_in_a_snapshot_holds_nothing_and_a_missing_snapshot_is_not_zero(exchange):
    exchange.has("users", "user registered_at status\nholder 2026-01-01 active\nleaver 2026-01-01 active")
    exchange.has(
        "balances",
        """
        user    day         product  quantity  usdt
        holder  2026-03-01  spot     1         100
        holder  2026-03-01  bonus    1         7
        leaver  2026-03-01  earn     1         50
        holder  2026-03-02  spot     1         110
        """,
    )
    exchange.has("spot_trades", "user executed_at notional_usdt\nholder 2026-03-03 10")
    exchange.closes(THIRD)
    told = exchange.tells("equity_days", "day, user_no, equity_usdt, bonus_usdt", EQUITY_DAYS, order="1, 2")
    assert told == [
        (FIRST, 0, 100_000_000, 7_000_000),
        (FIRST, 1, 50_000_000, 0),
        (SECOND, 0, 110_000_000, 0),
        (THIRD, 0, 110_000_000, 0),  # no snapshot came for the third: the second still counts
    ]
    exchange.has("balances", "user day product quantity usdt\nholder 2026-03-03 spot 1 5")
    [restated] = exchange.closes(THIRD).restated
    assert restated.figures == {"equity_usdt": (110_000_000, 5_000_000)}


def test_a_day_that_is_not_over_is_refused(exchange):
    two_traders(exchange)
    with pytest.raises(BadInput) as refused:
        close(exchange.lake, exchange.engine, close_spec(), through=FIRST, now=datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    assert refused.value.code == "day_not_over"


def test_without_facts_there_is_nothing_to_close(exchange):
    with pytest.raises(NothingYet) as refused:
        exchange.closes()
    assert refused.value.code == "nothing_to_close"


def test_a_long_history_caught_up_in_strides_is_what_a_rebuild_gives(exchange):
    """Eighty days, of which the first forty-five are taken by weeks, with a fill on every third of them."""
    exchange.has("users", "user registered_at status\nu 2026-01-01 active\nv 2026-01-20 active")
    days = [date(2026, 1, 2) + timedelta(days=3 * n) for n in range(27)]
    rows = [f"{user} {day}T10:00 {10 + day.day}" for day in days for user in "uv" if user == "u" or day.day % 2]
    exchange.has("spot_trades", "user executed_at notional_usdt\n" + "\n".join(row for row in rows if "v 2026-01-0" not in row))
    exchange.closes()
    assert exchange.verifies().is_equal
