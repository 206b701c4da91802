"""Every measure keeps to the restricted dialect, and answers on Spark what it answers on DuckDB."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from springtide.analytics import metrics
from springtide.analytics.engine.dialect import lint
from springtide.analytics.metrics.activation_chain import activation_chain
from springtide.analytics.metrics.concentration import concentration
from springtide.analytics.metrics.daily_states import daily_states
from springtide.analytics.metrics.growth_accounting import growth_accounting
from springtide.analytics.metrics.headline import headline
from springtide.analytics.metrics.lifecycle_value_map import lifecycle_value_map
from springtide.analytics.metrics.market import market
from springtide.analytics.metrics.moves_between import moves_between
from springtide.analytics.metrics.strata_sizes import strata_sizes
from springtide.analytics.metrics.strata_trend import strata_trend
from springtide.analytics.metrics.worklists import worklists
from tests.tables import SCHEMAS

FILES = sorted(Path(metrics.__path__[0]).glob("*.sql"))
FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)

MEASURES: dict[str, Callable[[Any, Any], Any]] = {
    "growth by day, from masks and from days": lambda e, s: growth_accounting(e, s, period="day", since=FIRST),
    "growth by week": lambda e, s: growth_accounting(e, s, period="week", product="spot"),
    "growth in revenue": lambda e, s: growth_accounting(e, s, unit="revenue", period="week"),
    "growth in assets": lambda e, s: growth_accounting(e, s, unit="assets", period="week"),
    "daily states": daily_states,
    "activation chain": lambda e, s: activation_chain(e, s, by_month=True),
    "strata sizes": strata_sizes,
    "strata trend": lambda e, s: strata_trend(e, s, stratification="assets"),
    "lifecycle value map": lifecycle_value_map,
    "moves between": lambda e, s: moves_between(e, s, since=LAST - timedelta(days=3)),
    "concentration": concentration,
    "market": market,
    "headline": headline,
    "worklists": worklists,
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_definition_keeps_the_rules_of_the_dialect(file):
    found = lint(file.read_text(encoding="utf-8"))
    assert not found, "\n".join(map(str, found))


@pytest.fixture
def full_lake(lake_of):
    """Forty users of ninety days, at random but always the same ones."""
    lake = lake_of()
    draw = random.Random(7)
    users, days = range(40), [FIRST + timedelta(days=n) for n in range(90)]

    def rows(table, made):
        names = [column.name for column in SCHEMAS[table]]
        blank = {c.name: None if c.nullable else 0 for c in SCHEMAS[table]}
        return [tuple((blank | row)[name] for name in names) for row in made]

    lake.add_active_days(
        [
            (user, day, product)
            for user in users
            for day in days
            for product in ("trading", "spot", "platform")
            if draw.random() < 0.3 / (1 + user % 7)
        ]
    )
    lake.add("user_days", rows("user_days", [
        {"user_no": user, "day": day, "net_revenue_usdt": draw.randrange(-(10**6), 10**9)}
        for user in users for day in days if draw.random() < 0.1
    ]))  # fmt: skip
    lake.add("equity_days", rows("equity_days", [
        {"user_no": user, "day": day, "equity_usdt": draw.randrange(10**12)} for user in users for day in days if draw.random() < 0.8
    ]))  # fmt: skip

    def at(day):
        return datetime.combine(day, datetime.min.time()) + timedelta(
            seconds=draw.randrange(86_400), microseconds=draw.randrange(10**6)
        )

    def some(made):
        return made if draw.random() < 0.7 else None

    registered = {user: draw.choice(days[:60]) for user in users}
    lake.add("firsts", rows("firsts", [
        {
            "user_no": user, "registered_at": at(registered[user]),
            **{name: some(at(registered[user] + timedelta(days=draw.randrange(12))))
               for name in ("kyc_at", "first_deposit_at", "first_spot_at", "first_contract_at")},
        }
        for user in users
    ]))  # fmt: skip
    lifecycles, values = ["vip", "repeat", "lapsing", None], ["d1", "d9", "top1"]
    for day in (LAST, LAST - timedelta(days=7)):
        lake.add("profiles", rows("profiles", [
            {
                "user_no": user, "is_counted": user % 9 > 0, "registered_on": registered[user],
                "first_trade_on": some(registered[user] + timedelta(days=draw.randrange(9))),
                "days_since_first_deposit": some(draw.randrange(40)), "days_since_platform_active": draw.randrange(40),
                "is_personally_silent": draw.random() < 0.3,
                **{name: draw.choice([0, -5, draw.randrange(10**12)])
                   for name in ("equity_usdt", "asset_size_usdt", "volume_30d_usdt", "net_revenue_90d_usdt")},
            }
            for user in users
        ]), on=day)  # fmt: skip
        lake.add("strata", rows("strata", [
            {"user_no": user, "is_counted": user % 9 > 0, "lifecycle": draw.choice(lifecycles), "value": draw.choice(values),
             "assets": draw.choice(values), "vip_distance": "near"}
            for user in users
        ]), on=day)  # fmt: skip
    lake.add("moves", [
        (user, day, "stratum", key, draw.choice(lifecycles), draw.choice(values), False)
        for user in users for day in days[-7:] for key in ("lifecycle", "assets") if draw.random() < 0.3
    ])  # fmt: skip
    lake.add("market_days", [(day, draw.randrange(10**11), draw.random(), None, "bull", None) for day in days])
    return lake


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(full_lake, spark):
    snapshot = full_lake.snapshot
    for name, measure in MEASURES.items():
        here, there = measure(full_lake.engine, snapshot), measure(spark, snapshot)
        assert there == here, name
        assert here.rows, f"{name} has nothing to compare"
