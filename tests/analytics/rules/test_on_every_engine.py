"""Spark reads the rules as DuckDB and Python do. The random rules are tried on DuckDB, where a thousand cost little."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count

import pytest

from springtide.analytics.engine import Column, Schema
from springtide.analytics.engine.dialect import lint
from springtide.analytics.rules import Rule
from tests.analytics.engine.conformance import Table, agree

PROFILES: Schema = (
    Column("user_no", "integer"),
    Column("days", "integer"),
    Column("trades", "bigint"),
    Column("share", "double"),
    Column("equity_usdt", "bigint"),
    Column("fees_usdt", "bigint"),
    Column("seen_on", "date"),
    Column("seen_at", "timestamp"),
    Column("country", "varchar"),
    Column("is_new", "boolean"),
)
ROWS = [
    (0, 7, 100, 0.2, 100_000_000, 20_000_000, date(2026, 3, 1), datetime(2026, 3, 1, 8), "SG", True),
    (1, 8, 2**53 + 1, float("nan"), -1, 0, date(2026, 2, 28), datetime(2026, 3, 1, 7, 59, 59), "", False),
    (2, -8, -(2**63) + 1, float("inf"), 2**62, 3, date(2026, 3, 2), datetime(2026, 3, 2), "O'Brien", True),
    (3, 0, 0, -0.0, 0, -5, None, None, "sg", None),
    (4, *[None] * 9),
]
RULES = (
    "true",
    "days <= 7",
    "days < 7.5",
    "days * 1000000000 > 1",
    "-days < -7",
    "trades >= 9007199254740993",
    "trades + 1 > 9007199254740992",
    "trades between 1 and 100",
    "trades not in (0, 100)",
    "share >= 0.2",
    "share > 1e300",
    "share = share",
    "share / share = 1",
    "share * 1e308 * 10 > share",
    "1 / share > 0",
    "equity_usdt >= 100",
    "equity_usdt - fees_usdt > 79.999999",
    "fees_usdt / equity_usdt >= 0.2",
    "equity_usdt / fees_usdt < 0",
    "equity_usdt * 0.5 between -1 and 50",
    "greatest(equity_usdt, fees_usdt, 1) = 1",
    "least(equity_usdt, fees_usdt) < 0",
    "greatest(share, 5) = share",
    "coalesce(equity_usdt, fees_usdt, 7) = 7",
    "seen_on >= '2026-03-01'",
    "greatest(seen_on, date '2026-03-01') = '2026-03-01'",
    "seen_at < '2026-03-01 08:00:00'",
    "country in ('SG', 'O''Brien')",
    "country <> 'sg'",
    "is_new",
    "is_new = false",
    "not coalesce(is_new, false)",
    "coalesce(days > 7, is_new)",
    "seen_on is null or is_new",
    "not (days > 7 and country is not null)",
)
TYPES = {column.name: column.type for column in PROFILES}


@pytest.mark.spark
def test_spark_and_duckdb_and_python_answer_alike(spark):
    rules = [Rule.parse(text, TYPES) for text in RULES]
    asked = ", ".join(f"{rule.sql()} as is_{place}" for place, rule in zip(count(), rules))
    found = agree(f"select user_no, {asked} from profiles", {"profiles": Table(PROFILES, ROWS)}, spark=spark)
    for values in ROWS:
        row = dict(zip(TYPES, values, strict=True))
        answers = next(answers for number, *answers in found if number == row["user_no"])
        assert dict(zip(RULES, answers, strict=True)) == {rule.text: rule.holds(row) for rule in rules}


@pytest.mark.parametrize("text", RULES)
def test_what_a_rule_writes_keeps_the_rules_of_the_dialect(text):
    assert not lint(f"select user_no from profiles where {Rule.parse(text, TYPES).sql()}", TYPES)
