"""What a profile says of a user: rhythm, recency, tiers, marks, and the past as it was."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springtide.analytics.daybook.inputs import VIP_LADDER
from springtide.analytics.daybook.tables import ACTIVITY, BONUS_MARKS, EQUITY_DAYS, FIRSTS, MARKET_DAYS, PROFILES, STATE
from springtide.analytics.engine import DuckEngine, definition
from springtide.analytics.facts import fact_schema
from tests.exchange import Exchange

DAY = date(2026, 6, 30)


def profile(exchange: Exchange, columns: str, day: date = DAY) -> list[tuple]:
    return exchange.tells("profiles", columns, PROFILES, day=day, order="user_no")


def fills(user: str, days: list[date]) -> str:
    return "user executed_at notional_usdt\n" + "\n".join(f"{user} {day}T12:00 10" for day in days)


def silent_by_hand(active_ages: set[int]) -> bool:
    """Days silent > max(14, 90th percentile by nearest rank of the own gaps in the last 62 days), with at least five gaps."""
    seen = sorted(age for age in active_ages if age < 62)
    gaps = sorted(b - a for a, b in pairwise(seen))
    if len(gaps) < 5:
        return False
    rank = -(-9 * len(gaps) // 10)
    return seen[0] > max(14, gaps[rank - 1])


@pytest.fixture(scope="module")
def bench():
    engine = DuckEngine(threads=1)
    for table in ("users", "user_status_history", "restrictions"):
        engine.table(table, fact_schema(table), ())
    for table, schema in (
        ("firsts", FIRSTS), ("state", STATE), ("equity_days", EQUITY_DAYS), ("bonus_marks", BONUS_MARKS),
        ("vip_ladder", VIP_LADDER),
    ):  # fmt: skip
        engine.table(table, schema, ())
    yield engine
    engine.close()


def derived(bench: DuckEngine, everybodys_ages: list[set[int]], column: str) -> dict[int, object]:
    """One profile column of users who traded so many days ago."""
    names = [column.name for column in fact_schema("users")]
    told = {"user_type": "retail", "status": "active", "registered_at": datetime(2026, 1, 1), "registered_on": date(2026, 1, 1)}
    users, activity = [], []
    for number, ages in enumerate(everybodys_ages):
        values = {**told, "user_no": number, "master_no": number, "user_id": f"u{number}", "kyc_level": 0}
        users.append(tuple(values.get(name) for name in names))
        if ages:
            mask = sum(1 << age for age in ages if age < 62)
            first, last = DAY - timedelta(days=max(ages)), DAY - timedelta(days=min(ages))
            activity.append((number, "trading", first, last, mask, 0, 0))
    bench.table("users", fact_schema("users"), users)
    bench.table("activity", ACTIVITY, activity)
    params = {"day": DAY, "to_at": datetime(2026, 7, 1), "user_from": 0, "user_to": 1000}
    sql = definition("springtide.analytics.daybook", "profiles").text
    return dict(bench.rows(f"select user_no, {column} from ({sql}) as p", **params).values)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.sets(st.integers(0, 80), max_size=25), st.sets(st.integers(15, 61), min_size=6)), min_size=1, max_size=40
    )
)
def test_personal_silence_by_bits_is_personal_silence_by_hand(bench, everybodys_ages):
    answers = derived(bench, everybodys_ages, "is_personally_silent")
    assert answers == {number: silent_by_hand(ages) for number, ages in enumerate(everybodys_ages)}


def test_a_weekly_trader_is_quieter_than_usual_after_fifteen_days(exchange):
    """Seven fills a week apart, the last fifteen days ago: longer than every gap of the user's own, and than fourteen days."""
    exchange.has("users", "user registered_at status\ngone_quiet 2026-01-01 active\noften_gone 2026-01-01 active")
    exchange.has("spot_trades", fills("gone_quiet", [DAY - timedelta(days=15 + 7 * n) for n in range(7)]))
    exchange.has("spot_trades", fills("often_gone", [DAY - timedelta(days=age) for age in (15, 16, 31, 32, 33, 47, 48)]))
    exchange.closes(DAY)
    assert profile(exchange, "user_no, days_since_trade, is_personally_silent") == [(0, 15, True), (1, 15, False)]


def test_recency_and_trading_days_are_counted_from_the_mask(exchange):
    exchange.has("users", "user registered_at status\nu 2026-06-01 active")
    exchange.has(
        "spot_trades", fills("u", [DAY, DAY, DAY - timedelta(days=6), DAY - timedelta(days=7), DAY - timedelta(days=29)])
    )
    exchange.closes(DAY)
    columns = "days_since_trade, trading_days_7d, trading_days_30d, trades_all, first_trade_on, tenure_days"
    assert profile(exchange, columns) == [(0, 2, 4, 5, date(2026, 6, 1), 29)]


def test_asset_size_is_the_higher_of_today_and_the_mean_of_thirty_days(exchange):
    exchange.has("users", "user registered_at status\nfell 2026-01-01 active\nrose 2026-01-01 active")
    rows = [f"fell {DAY - timedelta(days=age)} spot 1 {3000 if age else 30}" for age in range(30)]
    exchange.has("balances", "\n".join(["user day product quantity usdt", *rows, f"rose {DAY} spot 1 900"]))
    exchange.closes(DAY)
    columns = "equity_usdt, equity_mean_30d_usdt, asset_size_usdt"
    # 29 days of 3,000 and one of 30: a mean of 2,901. One day of 900 in thirty: a mean of 30.
    assert profile(exchange, columns) == [(30_000_000, 2_901_000_000, 2_901_000_000), (900_000_000, 30_000_000, 900_000_000)]


def test_the_next_tier_counts_its_best_criterion_where_any_is_enough_and_its_worst_where_all_must_hold(exchange):
    exchange.has(
        "vip_tiers",
        """
        scheme  level  valid_from  spot_volume_30d  contract_volume_30d  asset_usdt  logic
        main    1      2026-01-01  1000             5000                 400         any
        main    2      2026-01-01  4000             20000                800         all
        """,
    )
    exchange.has(
        "users",
        "user registered_at status vip_level\nplain 2026-01-01 active 0\nvip 2026-01-01 active 1\ntop 2026-01-01 active 2",
    )
    exchange.has(
        "spot_trades", f"user executed_at notional_usdt\nplain {DAY}T01:00 250\nvip {DAY}T01:00 900\ntop {DAY}T01:00 1"
    )
    exchange.has("balances", f"user day product quantity usdt\nplain {DAY} spot 1 200\nvip {DAY} spot 1 100")
    exchange.closes(DAY)
    assert profile(exchange, "vip_next_ratio, is_downgrade_risk") == [
        (0.5, False),  # 250/1000, 0/5000, 200/400: the best is 0.5
        (0.0, True),  # 900/4000, 0/20000, 100/800: the worst is 0; and none of level 1's criteria is met
        (None, True),  # nothing above level 2, whose criteria are not all met
    ]


def test_a_past_day_is_told_as_it_was(exchange):
    exchange.has("users", "user registered_at status vip_level\nclosed_later 2026-01-01 closed 3")
    exchange.has(
        "user_status_history",
        """
        user          attribute  old_value  new_value  valid_from
        closed_later  status     active     frozen     2026-06-10
        closed_later  status     frozen     closed     2026-06-20
        closed_later  vip_level  1          3          2026-06-15
        """,
    )
    exchange.has("spot_trades", fills("closed_later", [date(2026, 5, 31)]))
    exchange.closes(DAY)
    assert profile(exchange, "status, vip_level", date(2026, 5, 31)) == [("active", 1)]
    assert profile(exchange, "status, vip_level", date(2026, 6, 12)) == [("frozen", 1)]
    assert profile(exchange, "status, vip_level", DAY) == [("closed", 3)]


def test_who_did_the_task_and_cashed_out_is_marked(exchange):
    exchange.has("users", "user registered_at status\nhunter 2026-01-01 active\ntrader 2026-01-01 active")
    exchange.has(
        "campaign_tasks",
        """
        campaign_ref  minimum_trades  starts_at   ends_at     unlock_at
        spring        2               2026-03-01  2026-03-11  2026-03-13
        """,
    )
    taken = "user happened_at campaign_ref action usdt\nhunter 2026-03-05 spring grant 20\ntrader 2026-03-05 spring grant 20"
    exchange.has("reward_entries", taken)
    exchange.has(
        "transfers",
        """
        user    happened_at  kind        usdt
        hunter  2026-03-02   deposit     100
        hunter  2026-03-14   withdrawal  96
        trader  2026-03-02   deposit     100
        """,
    )
    exchange.has("spot_trades", fills("hunter", [date(2026, 3, 4)] * 2))
    exchange.has("spot_trades", fills("trader", [date(2026, 3, 4) + timedelta(days=n) for n in range(40)]))
    judged = date(2026, 3, 20)  # seven days after the unlock
    exchange.closes(judged + timedelta(days=1))
    columns = "user_no, day, task_trades, put_in_usdt, withdrawn_usdt, is_task_shaped, is_cashed_out"
    assert exchange.tells("bonus_marks", columns, BONUS_MARKS) == [
        (0, judged, 2, 120_000_000, 96_000_000, True, True),
        (1, judged, 7, 120_000_000, 0, False, False),
    ]
    assert profile(exchange, "days_since_bonus_mark", judged + timedelta(days=1)) == [(1,), (None,)]


def test_a_mark_expires_after_ninety_days(bench):
    def mark(user: int, age: int, *, shaped: bool, out: bool, task: str = "spring") -> tuple:
        return (user, DAY - timedelta(days=age), task, 2, 0, 2, 0, 0, 0, shaped, out)

    bench.table(
        "bonus_marks",
        BONUS_MARKS,
        [
            mark(0, 90, shaped=True, out=True),
            mark(1, 91, shaped=True, out=True),
            mark(2, 5, shaped=True, out=False),
            mark(3, 40, shaped=True, out=False),
            mark(3, 20, shaped=True, out=False, task="summer"),
        ],
    )
    answers = derived(bench, [set()] * 4, "days_since_bonus_mark")
    bench.table("bonus_marks", BONUS_MARKS, ())
    assert answers == {0: 90, 1: None, 2: None, 3: 20}  # one shape alone proves nothing; the same on two tasks does


def test_the_regime_is_read_from_thirty_days_of_bitcoin(exchange):
    """60,000 until 31 May, then up by 200 a day: 66,000 on 30 June is +10 % exactly, which is not yet a bull."""
    exchange.has("users", "user registered_at status\nu 2026-01-01 active")
    exchange.has("spot_trades", fills("u", [date(2026, 7, 1)]))
    prices = [(date(2026, 4, 1) + timedelta(days=n)) for n in range(92)]
    rows = [f"BTC {day} {60_000 + 200 * max(0, (day - date(2026, 5, 31)).days)}" for day in prices]
    rows[-1] = "BTC 2026-07-01 66221"
    exchange.has("prices", "asset day close_usdt\n" + "\n".join(rows))
    exchange.closes()
    told = exchange.tells("market_days", "day, regime, return_30d_ratio, is_high_volatility", MARKET_DAYS)
    by_day = {row[0]: row[1:] for row in told}
    assert by_day[date(2026, 4, 30)][:2] == (None, None)
    assert by_day[date(2026, 5, 1)][:2] == ("flat", 0.0)
    assert by_day[date(2026, 6, 30)][0] == "flat"
    assert by_day[date(2026, 7, 1)][0] == "bull"  # 66,221 against 60,200: just above +10 %
    # The first volatility is of 1 May, so sixty are known from 29 June on; a steady climb is calmer than its beginning was.
    assert [by_day[date(2026, 6, day)][2] for day in (28, 29)] == [None, False]
