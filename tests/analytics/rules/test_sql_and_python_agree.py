"""The law of the rules' room: for any rule and any row, the engine and Python give the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from springtide.analytics.rules import BadRule, Rule

COLUMNS = {
    "a": "integer",
    "b": "bigint",
    "r": "double",
    "q": "double",
    "m_usdt": "bigint",
    "n_usdt": "bigint",
    "d_on": "date",
    "e_on": "date",
    "seen_at": "timestamp",
    "t": "varchar",
    "u": "varchar",
    "is_x": "boolean",
    "has_y": "boolean",
}

# Values crowd around the numbers that rules are written with, so that edges and equal values are met often.
_doubles = st.one_of(st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.5, 1.0, 1e308, -1e308]), st.floats(width=64))
_money = st.one_of(st.integers(-3, 3).map(lambda n: n * 500_000), st.integers(-(10**15), 10**15))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "a": st.one_of(st.integers(-3, 3), st.integers(-(2**31), 2**31 - 1)),
    "b": st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)),
    "r": _doubles,
    "q": _doubles,
    "m_usdt": _money,
    "n_usdt": _money,
    "d_on": st.dates(date(2026, 2, 27), date(2026, 3, 2)),
    "e_on": st.dates(date(2026, 2, 27), date(2026, 3, 2)),
    "seen_at": st.datetimes(datetime(2026, 2, 28), datetime(2026, 3, 2)),
    "t": st.sampled_from(["", "A", "a", "é", "'"]),
    "u": st.sampled_from(["", "A", "a", "é", "'"]),
    "is_x": st.booleans(),
    "has_y": st.booleans(),
}
rows = st.fixed_dictionaries({name: st.one_of(st.none(), values) for name, values in VALUES.items()})


def _calls(parts: st.SearchStrategy[str], *names: str) -> st.SearchStrategy[str]:
    listed = st.lists(parts, min_size=2, max_size=3).map(", ".join)
    return st.builds("{}({})".format, st.sampled_from(names), listed)


_literals = st.sampled_from(["0", "1", "2", "0.1", "0.5", "3", "1e3", "9007199254740993"])
_money_leaves = st.sampled_from(["m_usdt", "n_usdt"])
_ratios = st.builds("({} / {})".format, _money_leaves, _money_leaves)
numbers = st.recursive(
    st.one_of(st.sampled_from(["a", "b", "r", "q"]), _literals, _ratios),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(-{})".format, inner),
        _calls(inner, "greatest", "least", "coalesce"),
    ),
    max_leaves=4,
)
money = st.recursive(
    _money_leaves,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), st.one_of(inner, st.sampled_from(["1", "0.5"]))),
        st.builds("({} {} {})".format, inner, st.sampled_from("*/"), numbers),
        st.builds("(-{})".format, inner),
        _calls(st.one_of(inner, st.just("1.5")), "greatest", "least", "coalesce"),
    ),
    max_leaves=3,
)
dates = st.one_of(st.sampled_from(["d_on", "e_on"]), _calls(st.sampled_from(["d_on", "e_on"]), "greatest", "least", "coalesce"))
texts = st.one_of(st.sampled_from(["t", "u"]), _calls(st.sampled_from(["t", "u", "'a'"]), "coalesce"))
truths = st.sampled_from(["is_x", "has_y", "coalesce(is_x, has_y)", "coalesce(is_x, false)"])

_orders = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_equals = st.sampled_from(["=", "<>"])
_dates_or_day = st.one_of(dates, st.just("'2026-03-01'"))
comparisons = st.one_of(
    st.builds("{} {} {}".format, numbers, _orders, numbers),
    st.builds("{} {} {}".format, money, _orders, st.one_of(money, st.sampled_from(["0", "1", "-0.5"]))),
    st.builds("{} {} {}".format, dates, _orders, _dates_or_day),
    st.builds("seen_at {} '2026-03-01 08:30:00'".format, _orders),
    st.builds("{} {} {}".format, texts, _equals, st.one_of(texts, st.just("'A'"))),
    st.builds("{} {} {}".format, truths, _equals, st.one_of(truths, st.just("true"))),
    st.builds("{} between {} and {}".format, numbers, numbers, numbers),
    st.builds("{} between {} and {}".format, money, money, st.one_of(money, st.just("1"))),
    st.builds(
        "{} {} ({})".format,
        numbers,
        st.sampled_from(["in", "not in"]),
        st.lists(numbers, min_size=1, max_size=3).map(", ".join),
    ),
    st.builds("{} {} ('', 'a', u)".format, texts, st.sampled_from(["in", "not in"])),
    st.builds("{} is {}".format, st.one_of(money, dates, texts, truths), st.sampled_from(["null", "not null"])),
    truths,
)
rules = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.builds("coalesce({}, false)".format, inner),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        f"create table profiles (place integer, {', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
    )
    yield connection
    connection.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=rules, table=st.lists(rows, min_size=1, max_size=6))
def test_the_engine_and_python_answer_alike(connection, text, table):
    try:
        rule = Rule.parse(text, COLUMNS)
    except BadRule:  # a division of constants by zero, or constants alone in a wrong place
        assume(False)
        raise
    connection.execute("delete from profiles")
    places = ", ".join("?" for _ in range(len(COLUMNS) + 1))
    connection.executemany(
        f"insert into profiles values ({places})",
        [[place, *(row[name] for name in COLUMNS)] for place, row in enumerate(table)],
    )
    found = connection.execute(f"select {rule.sql()} from profiles order by place").fetchall()
    assert [held for (held,) in found] == [rule.holds(row) for row in table], rule.sql()
    again = Rule.parse(text, COLUMNS)
    assert again == rule
    assert again.sql() == rule.sql()


@settings(max_examples=100, deadline=None)
@given(text=rules, row=rows)
def test_the_reasons_agree_with_the_answer(text, row):
    try:
        rule = Rule.parse(text, COLUMNS)
    except BadRule:
        assume(False)
        raise
    why = rule.why(row)
    assert why.holds is rule.holds(row)
    assert {name for each in why.comparisons for name, _ in each.seen} <= set(rule.columns)
    if len(why.comparisons) == 1 and text == why.comparisons[0].text:
        assert why.comparisons[0].holds is why.holds
