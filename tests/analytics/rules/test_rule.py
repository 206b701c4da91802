"""A rule's text: what it takes, what it answers, what it refuses and how it says so."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from springtide.analytics.rules import BadRule, Rule, UnknownColumn, WrongUnit

COLUMNS = {
    "days_since_trade": "integer",
    "trades_30d": "bigint",
    "vip_next_ratio": "double",
    "equity_usdt": "bigint",
    "asset_size_usdt": "bigint",
    "close_usdt": "double",
    "registered_on": "date",
    "first_seen_at": "timestamp",
    "country": "varchar",
    "is_restricted": "boolean",
    "price": "decimal(38,12)",
}
NOTHING: dict[str, Any] = dict.fromkeys(COLUMNS)


def holds(text: str, **row: Any) -> bool | None:
    return Rule.parse(text, COLUMNS).holds(NOTHING | row)


def sql(text: str) -> str:
    return Rule.parse(text, COLUMNS).sql()


def test_a_rule_knows_the_columns_it_needs_in_the_order_of_its_text():
    rule = Rule.parse("  equity_usdt >= 100 and trades_30d = 0 and equity_usdt < 500 ", COLUMNS)
    assert rule.columns == ("equity_usdt", "trades_30d")
    assert rule.text == "equity_usdt >= 100 and trades_30d = 0 and equity_usdt < 500"


@pytest.mark.parametrize(
    ("text", "row", "answer"),
    [
        ("days_since_trade > 90", {"days_since_trade": 90}, False),
        ("days_since_trade > 90", {"days_since_trade": 91}, True),
        ("days_since_trade > 90", {}, None),
        ("days_since_trade is null", {}, True),
        ("days_since_trade is not null", {}, False),
        ("not (days_since_trade <= 7 or trades_30d = 0)", {"days_since_trade": 8, "trades_30d": 1}, True),
        ("trades_30d between 3 and 7", {"trades_30d": 3}, True),
        ("trades_30d between 3 and 7", {"trades_30d": 8}, False),
        ("not trades_30d between 3 and 7", {"trades_30d": 8}, True),
        ("country in ('SG', 'HK')", {"country": "HK"}, True),
        ("country not in ('SG', 'HK')", {"country": "HK"}, False),
        ("country <> 'SG'", {"country": "HK"}, True),
        ("is_restricted", {"is_restricted": True}, True),
        ("is_restricted = false", {"is_restricted": False}, True),
        ("coalesce(is_restricted, false)", {}, False),
        ("registered_on >= '2026-03-01'", {"registered_on": date(2026, 3, 1)}, True),
        ("registered_on < date '2026-03-01'", {"registered_on": date(2026, 3, 1)}, False),
        ("first_seen_at < '2026-03-01 08:00:00'", {"first_seen_at": datetime(2026, 3, 1, 7)}, True),
        ("first_seen_at < '2026-03-01T08:00:00+08:00'", {"first_seen_at": datetime(2026, 3, 1, 0)}, False),
        ("first_seen_at < timestamp '2026-03-01 08:00:00'", {"first_seen_at": datetime(2026, 3, 1, 8)}, False),
        ("vip_next_ratio >= 0.8", {"vip_next_ratio": 0.8}, True),
        ("-trades_30d < -2", {"trades_30d": 3}, True),
        ("2 * 3 + 1 = 7", {}, True),
        ("true", {}, True),
    ],
)
def test_a_rule_answers_true_false_or_unknown(text, row, answer):
    assert holds(text, **row) is answer


def test_and_or_not_follow_the_three_valued_logic_of_sql():
    for text, answer in {
        "is_restricted and days_since_trade > 1": None,  # unknown and true
        "is_restricted and days_since_trade > 9": False,  # unknown and false
        "is_restricted or days_since_trade > 1": True,
        "is_restricted or days_since_trade > 9": None,
        "not is_restricted": None,
        "days_since_trade in (1, 2)": False,
        "country in ('SG', 'HK')": None,
    }.items():
        assert holds(text, days_since_trade=5) is answer, text


def test_money_is_spoken_in_usdt_and_computed_in_millionths():
    assert sql("equity_usdt >= 100") == "equity_usdt >= 100000000"
    assert sql("equity_usdt < 0.5") == "equity_usdt < 500000"
    assert sql("equity_usdt in (1, 2)") == "equity_usdt in (1000000, 2000000)"
    assert sql("greatest(equity_usdt, asset_size_usdt, 1) < 10") == "greatest(equity_usdt, asset_size_usdt, 1000000) < 10000000"
    assert sql("coalesce(equity_usdt, 0) - 5 > 0") == "coalesce(equity_usdt, 0) - 5000000 > 0"
    assert holds("equity_usdt >= 100", equity_usdt=99_999_999) is False
    assert holds("equity_usdt >= 100", equity_usdt=100_000_000) is True
    assert holds("equity_usdt / 4 < 25", equity_usdt=99_999_999) is True
    assert holds("2 * equity_usdt = 200", equity_usdt=100_000_000) is True
    # A price in DOUBLE is no money of the lake: it is a plain number of USDT.
    assert sql("close_usdt > 50000") == "close_usdt > 50000e0"


def test_money_over_money_is_a_ratio_and_over_nothing_is_unknown():
    assert sql("equity_usdt / asset_size_usdt >= 0.5") == (
        "cast(equity_usdt as double) / nullif(cast(asset_size_usdt as double), 0e0) >= 0.5e0"
    )
    half = "equity_usdt / asset_size_usdt >= 0.5"
    assert holds(half, equity_usdt=1, asset_size_usdt=2) is True
    assert holds(half, equity_usdt=1, asset_size_usdt=3) is False
    assert holds(half, equity_usdt=1, asset_size_usdt=0) is None


def test_greatest_and_least_pass_over_nulls_as_both_engines_do():
    assert holds("greatest(equity_usdt, asset_size_usdt) = 5", equity_usdt=5_000_000) is True
    assert holds("least(equity_usdt, asset_size_usdt) = 5", asset_size_usdt=5_000_000) is True
    assert holds("greatest(equity_usdt, asset_size_usdt) = 5") is None


def test_a_nan_equals_itself_and_comes_last():
    nan = float("nan")
    assert holds("vip_next_ratio > 1e300", vip_next_ratio=nan) is True
    assert holds("vip_next_ratio = vip_next_ratio", vip_next_ratio=nan) is True


@pytest.mark.parametrize(
    "text",
    [
        "equity_usdt > vip_next_ratio",
        "equity_usdt + trades_30d > 0",
        "equity_usdt > close_usdt",
        "equity_usdt * asset_size_usdt > 0",
        "trades_30d / equity_usdt > 0",
        "coalesce(equity_usdt, trades_30d) > 0",
        "registered_on > 5",
        "registered_on > trades_30d",
        "registered_on > first_seen_at",
        "registered_on - registered_on > 1",
        "registered_on between '2026-01-01' and '2026-02-01'",
        "trades_30d > '5'",
        "country = 5",
        "country > 'A'",
        "is_restricted > false",
        "greatest(country, 'A') = 'B'",
        "trades_30d",
        "5",
        "not trades_30d",
        "is_restricted and 1",
        "1 < trades_30d < 5",
        "'a' + 1 > trades_30d",
    ],
)
def test_unlike_things_side_by_side_are_a_unit_error(text):
    with pytest.raises(WrongUnit) as refused:
        Rule.parse(text, COLUMNS)
    assert refused.value.code == "wrong_unit"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "days_since_trade >",
        "days_since_trade > 1; true",
        "'not closed",
        "select 1",
        "days_since_trade in (select 1)",
        "exists (select 1)",
        "days_since_trade > (select max(1))",
        "sum(trades_30d) > 1",
        "abs(trades_30d) > 1",
        "read_text('/etc/passwd') = 'x'",
        "getenv('HOME') = 'x'",
        "case when is_restricted then true end",
        "country like 'S%'",
        "country ~ 'S.*'",
        "country || 'x' = 'y'",
        "trades_30d % 2 = 0",
        "trades_30d // 2 = 0",
        "trades_30d::varchar = '1'",
        "cast(country as date) = '2026-01-01'",
        "is_restricted is true",
        "days_since_trade is not distinct from 1",
        "days_since_trade = null",
        "coalesce(days_since_trade, null) = 1",
        "days_since_trade between symmetric 9 and 1",
        "profiles.days_since_trade > 1",
        "$day > days_since_trade",
        "days_since_trade > ?",
        "count(*) > 1",
        "coalesce(trades_30d) = 1",
        "1 is null",
        "trades_30d / 0 > 1",
        "1 / 0 > trades_30d",
        "vip_next_ratio > 1e400",
        "equity_usdt > 1e30",
        "equity_usdt > 0.0000001",
        "registered_on > 'yesterday'",
        "price > 1",
        "not " * 2000 + "is_restricted",
        "not " * 900 + "is_restricted",
    ],
)
def test_what_a_rule_cannot_say_is_refused(text):
    with pytest.raises(BadRule) as refused:
        Rule.parse(text, COLUMNS)
    assert refused.value.code == "bad_rule"
    assert refused.value.hint


def test_a_long_list_of_alternatives_is_no_deep_nest():
    text = " or ".join(f"trades_30d = {n}" for n in range(180))
    assert holds(text, trades_30d=179) is True
    assert sql(text).count("trades_30d") == 180


def test_an_unknown_column_is_told_with_its_nearest_neighbour_and_all_that_exist():
    with pytest.raises(UnknownColumn) as refused:
        Rule.parse("days_since_trad > 90", COLUMNS)
    assert refused.value.code == "unknown_column"
    assert refused.value.message == "There is no column 'days_since_trad'."
    assert refused.value.hint.startswith("Did you mean 'days_since_trade'? The columns are: asset_size_usdt, close_usdt, ")
    with pytest.raises(UnknownColumn):  # names are lower case, as in the lake
        Rule.parse("EQUITY_USDT > 1", COLUMNS)


def test_a_row_without_the_column_is_an_error_and_not_a_null():
    with pytest.raises(UnknownColumn):
        Rule.parse("trades_30d > 1", COLUMNS).holds({"trades": 5})


def test_text_in_quotes_is_never_read_as_sql():
    rule = Rule.parse("country = 'O''Brien; DROP'", COLUMNS)
    assert rule.sql() == "country = 'O''Brien; DROP'"
    assert rule.holds({"country": "O'Brien; DROP"}) is True


def test_why_tells_each_comparison_with_the_values_seen_and_money_in_usdt():
    rule = Rule.parse("equity_usdt >= 100 and (trades_30d = 0 or country is not null) and not is_restricted", COLUMNS)
    why = rule.why(NOTHING | {"equity_usdt": 150_500_000, "is_restricted": True})
    assert why.holds is False
    assert [(each.text, each.holds, each.seen) for each in why.comparisons] == [
        ("equity_usdt >= 100", True, (("equity_usdt", Decimal("150.500000")),)),
        ("trades_30d = 0", None, (("trades_30d", None),)),
        ("country is not null", False, (("country", None),)),
        ("is_restricted", True, (("is_restricted", True),)),
    ]
    assert str(why) == (
        "equity_usdt >= 100: yes (equity_usdt is 150.5 USDT); trades_30d = 0: unknown (trades_30d is unknown); "
        "country is not null: no (country is unknown); is_restricted: yes (is_restricted is true)"
    )
    assert str(Rule.parse("true", COLUMNS).why({})) == "true: for every user"


def test_the_rule_true_takes_everybody_and_says_so():
    assert Rule.parse("true", COLUMNS).is_always_true
    assert not Rule.parse("false", COLUMNS).is_always_true
    assert not Rule.parse("is_restricted", COLUMNS).is_always_true
