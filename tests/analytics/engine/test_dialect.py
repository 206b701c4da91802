"""The linter: every rule finds its mistake, and keeps out a difference that is shown here.

`both` runs a text on DuckDB and, translated word by word, on Spark; where those two agree and another engine does not, ClickHouse is asked.
"""

from __future__ import annotations

import time
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlglot

import springtide.analytics
from springtide.analytics.engine import Column, DuckEngine, Rows
from springtide.analytics.engine.dialect import Rule, dialect_page, explain_functions, explain_rules, lint
from springtide.analytics.engine.spark import SparkEngine
from tests import sql

DEFINITIONS = sorted(Path(springtide.analytics.__path__[0]).rglob("*.sql"))
FAILS = "fails"


def broken(sql: str, **types: str) -> set[str]:
    return {finding.rule for finding in lint(sql, types)}


# the linter itself ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_definition_keeps_the_rules(path):
    findings = lint(path.read_text(encoding="utf-8"))
    assert not findings, "\n".join(f"{path.name} {finding}" for finding in findings)


@pytest.mark.parametrize("rule", explain_rules(), ids=lambda rule: rule.key)
def test_a_rule_finds_its_own_example_and_takes_what_it_advises(rule: Rule):
    assert broken(rule.wrong) == {rule.key}
    assert lint(rule.right) == ()


def test_a_finding_names_line_text_and_what_to_write_instead():
    sql = "-- grain: user_no\nselect\n    user_no,\n    sum(fees_usdt) as fees_usdt\nfrom totals group by user_no"
    [finding] = lint(sql)
    assert (finding.rule, finding.line, finding.text) == ("sum_cast", 4, "sum(fees_usdt)")
    assert "cast(sum(x) as bigint)" in finding.hint
    assert str(finding).startswith("line 4: sum_cast: sum(fees_usdt)\n")


def test_findings_come_by_line():
    sql = "select\n    round(vip_next_ratio) as a,\n    hash(user_no) as b\nfrom profiles\nlimit 3"
    assert [(finding.line, finding.rule) for finding in lint(sql)] == [(2, "rounding"), (3, "functions"), (5, "limit_ordered")]


def test_a_mark_excuses_one_rule_on_one_line_and_needs_a_reason():
    sum_of_doubles = "select\n    avg(spread_ratio) as a{0},\n    avg(share_ratio) as b\nfrom t"
    lines = {finding.line for finding in lint(sum_of_doubles.format(""))}
    assert lines == {2, 3}
    assert {
        finding.line for finding in lint(sum_of_doubles.format(", -- allow float_sum: shown to two digits\n    1 as c"))
    } == {4}
    above = "select\n    -- allow float_sum: shown to two digits\n    avg(spread_ratio) as a\nfrom t"
    assert lint(above) == ()
    assert broken("select avg(spread_ratio) as a -- allow float_sum\nfrom t") == {"float_sum", "mark"}
    assert broken("select avg(spread_ratio) as a -- allow rounding: because\nfrom t") == {"float_sum", "mark"}
    assert broken("select a_usdt from t -- allow nonsense: because") == {"mark"}


def test_what_cannot_be_read_is_told_by_line():
    [finding] = lint("select user_no\nfrom users\nwhere and")
    assert (finding.rule, finding.line) == ("one_query", 3)


@pytest.mark.parametrize("value", ["?", "$1", ":day", "{day}", "'{day}'", "{'a': 1}"])
def test_only_named_parameters_are_taken(value):
    assert broken(f"select user_no from users where day = {value}") == {"bound"}


def test_a_brace_in_a_comment_is_no_parameter():
    assert lint("-- one of {a, b}\nselect user_no from users where channel = $channel") == ()


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("select user_no from 'users.parquet'", "tables"),
        ("select user_no from exchange.users", "tables"),
        ("select k from range(3) as r(k)", "tables"),
        ("select a.user_no from t as a asof join u as b on a.day >= b.day", "constructs"),
        ("select distinct on (user_no) user_no, day from t", "constructs"),
        ("select user_no, count(*) as n from t group by all", "constructs"),
        ("select user_no from t order by all", "constructs"),
        ("select user_no from t using sample 10", "constructs"),
        ("select user_no, day from t union all by name select day, user_no from u", "constructs"),
        ("with a as materialized (select user_no from t) select user_no from a", "constructs"),
        ("with recursive a as (select 1 as n union all select n + 1 from a where n < 3) select n from a", "constructs"),
        ("select [user_no, 1] as both_ids from t", "functions"),
        ("select user_no from t where user_no = any (select user_no from u)", "constructs"),
        ("pivot t on product using count(*)", "one_query"),
        ("select unnest([1, 2]) as k", "functions"),
        ("select any_value(product) as p from t", "functions"),
        ("select first(product) as p from t", "functions"),
        ("select upper(country) as country_code from t", "functions"),
        ("select strftime(day, '%Y') as y from t", "functions"),
        ("select log(spread_ratio) as l from t", "functions"),
        ("select list(user_no) as users from t", "functions"),
        ("select max(user_no, 3) as users from t", "functions"),
        ("select count(distinct user_no, day) as n from t", "functions"),
        ("select now() as at", "clock_or_chance"),
        ("select user_no from t where random() < 0.1", "clock_or_chance"),
        ("select datediff('week', registered_on, $day) as n from users", "date_difference"),
        ("select datediff('day', registered_at, $day) as n from users", "date_difference"),
        ("select datediff('day', valid_from, $day) as n from users", "date_difference"),
        ("select datediff('day', joined, $day) as n from users", "date_difference"),
        ("select $day - registered_on as n from users", "date_difference"),
        ("select user_no from users where registered_on >= $day - interval 90 day", "date_arithmetic"),
        ("select date_trunc('month', day) as month, count(*) as n from t group by date_trunc('month', day)", "date_trunc"),
        ("select cast(date_trunc('decade', day) as date) as decade from t", "date_trunc"),
        ("select extract(epoch from at) as e from t", "extract_part"),
        ("select user_no from t where at between $from_at and $to_at", "half_open"),
        ("select user_no from t where created between $from_at and $to_at", "half_open"),
        ("select row_number() over (partition by user_no order by day) as n, usdt from t order by 2", "nulls_placed"),
        ("select row_number() over (order by fees_usdt, user_no) as n from t", "nulls_placed"),
        ("select row_number() over (partition by user_no order by executed_at nulls last) as n from t", "ties"),
        ("select lag(usdt, 1, null) over (order by executed_at nulls last) as n from t", "ties"),
        ("select row_number() over w as n from t window w as (order by usdt nulls last)", "ties"),
        ("select arg_max(stratum, usdt) as s from t", "ties"),
        ("select user_no, usdt from t order by usdt nulls last limit 3", "limit_ordered"),
        ("select lag(usdt) over (order by day) as n from t", "window_default"),
        ("select lead(usdt, 1) over (order by day) as n from t", "window_default"),
        ("select last_value(usdt) over (order by day) as n from t", "window_default"),
        ("select product, day, count(*) as n from t group by grouping sets ((product), (day))", "grouping_sets"),
        ("select cast(a_usdt as double) / b_usdt as r from t", "divisor"),
        ("select cast(a_usdt as double) / nullif(b_usdt, 1) as r from t", "divisor"),
        ("select user_no % $parts as part from t", "divisor"),
        ("select a_usdt / nullif(b_usdt, 0) as r from t", "division"),
        ("select a_usdt / 30.0 as r from t", "division"),
        ("select fees * 0.5 as half from t", "decimals"),
        ("select price + 1 as p from t", "decimals"),
        ("select user_no from t group by user_no having sum(fees_usdt) > 0", "sum_cast"),
        ("select cast(sum(trades) as double) as n from t", "sum_cast"),
        ("select sum(fees_usdt) over (order by day) as n from t", "sum_cast"),
        ("select cast(sum(vip_next_ratio) as bigint) as n from t", "float_sum"),
        ("select cast(a_usdt * 1.5e0 as bigint) as n from t", "rounding"),
        ("select cast(price as bigint) as n from t", "rounding"),
        ("select cast(vip_next_ratio as decimal(38, 12)) as n from t", "rounding"),
        ("select floor(vip_next_ratio) as n from t", "rounding"),
        ("select quantile_cont(fees_usdt, 0.5) as n from t", "quantile"),
        ("select quantile_disc(fees_usdt, [0.1, 0.9]) as n from t", "quantile"),
        ("select approx_count_distinct(user_no) as n from t", "quantile"),
        ("select user_no from t where bit_count(days_mask) - 1 > 5", "bit_count"),
        ("select u.* from users as u", "star"),
        ("select * exclude (country) from users", "star"),
        ("select user_no from (select * from users) as u", "star"),
        ("with a as (select user_no from t) select * from a inner join users as u on a.user_no = u.user_no", "star"),
        ("select user_no, -level as level from t", "alias"),
        ("select user_no, case when level > 3 then 1 else level end as level from t", "alias"),
        ("select user_no, cast(sum(usdt) as bigint) as usdt from t group by user_no having usdt > 3", "alias"),
        ("select user_no, -t.n as n from t qualify row_number() over (order by t.n nulls last, user_no) = 1", "alias"),
        ("select user_no from t where name similar to 'a.*'", "text_matching"),
        ("select user_no from t where name ~ 'a.*'", "text_matching"),
        ("select user_no from t where name like $pattern", "text_matching"),
        ("select user_no from t where name like 'a\\_%'", "text_matching"),
        ("select cast(vip_next_ratio as varchar) as shown from t", "text_cast"),
        ("select cast('1.3.2026' as date) as day", "text_cast"),
        ("select name || vip_next_ratio as shown from t", "text_cast"),
        ("select concat(name, user_no) as label from t", "functions"),
        ("select cast(at as timestamptz) as at_utc from t", "types"),
        ("select cast(user_no as utinyint) as n from t", "types"),
    ],
)
def test_a_rule_sees_its_mistake_in_other_shapes_too(sql, rule):
    assert rule in broken(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select user_no, $day - 7 as since, day + 1 as next_on from t where day > $day - 30",
        "select user_no from t where at >= $from_at - interval 1 hour",
        "select cast(date_trunc('hour', executed_at) as timestamp) as hour, count(*) as n from t group by 1 order by 1 nulls last",
        "-- grain: channel, month\nselect channel, month, count(*) as n from t group by channel, month order by channel, month",
        "select count(*) as n, product from t group by product order by n desc, product nulls last",
        "select cast(coalesce(sum(case when product = 'spot' then usdt end), 0) as bigint) as spot_usdt from t",
        "select cast(sum(a_usdt) - sum(b_usdt) as bigint) as net_usdt from t",
        "select cast(sum(fees_usdt) over (partition by user_no order by day) as bigint) as so_far_usdt from t",
        "select cast(sum(fees_usdt) filter (where day = $day) as bigint) as today_usdt from t",
        "select cast(sum(fees_usdt) as double) / nullif(count(*), 0) as mean from t",
        "select coalesce(t.level, 0) as level, cast(t.n as bigint) as n, max(t.day) as day from t group by 1, 2",
        "select user_no, cast(sum(trades) as bigint) as trades from t group by user_no",
        "select first_value(usdt) over (order by day rows between unbounded preceding and unbounded following) as f from t",
        "select usdt from t qualify row_number() over (partition by user_no order by day desc) = 1",
        "select user_no from t where user_no in (select user_no from u) and not exists (select 1 from v where v.user_no = t.user_no)",
        "select k.n, t.user_no from t cross join (values (1), (2)) as k (n)",
        "select bit_or(b.day_bit) as days_mask, user_no % 16 as part from t as b group by 2",
        "select cast(floor(price) as bigint) as p from t where price > 0.5 and name like 'BTC%' and product || '' = 'spot'",
        "select ln(cast(a_usdt as double) / nullif(b_usdt, 0)) * sqrt(365.0) - 1.0 as r from t",
        "select arg_max(stratum, day) as stratum, quantile_disc(usdt, $share) as q from t",
        "select epoch_us(ended_at) - epoch_us(started_at) as us, extract(isodow from day) as weekday from t",
    ],
)
def test_what_agrees_is_taken(sql):
    assert lint(sql) == ()


def test_names_that_do_not_tell_their_type_are_told_it():
    sql = "select cast(level as bigint) as whole, datediff('day', joined, $day) as days from t"
    assert broken(sql) == {"date_difference"}
    assert broken(sql, level="double", joined="date") == {"rounding"}
    assert broken(sql, level="decimal(38,12)", joined="timestamp") == {"rounding", "date_difference"}


def test_the_reference_page_is_made_from_the_rules():
    page = dialect_page()
    assert Path("docs/reference/dialect.md").read_text(encoding="utf-8") == page
    assert all(f"### {rule.key}\n" in page for rule in explain_rules())
    assert "| `quantile_disc` |" in page
    assert "sum" in explain_functions()


# the differences -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engines(spark_session, tmp_path_factory):
    duck = DuckEngine(memory_limit="512MB", threads=2)
    spark = SparkEngine(spark_session, scratch=tmp_path_factory.mktemp("dialect"))
    schema = (
        Column("n", "integer"),
        Column("level", "integer"),
        Column("usdt", "bigint"),
        Column("registered_on", "date"),
        Column("seen_at", "timestamp"),
        Column("name", "varchar"),
        Column("price", "decimal(38,12)"),
    )
    rows = [
        (1, 5, 100, date(2026, 1, 31), datetime(2026, 3, 1, 23, 0), "abc", Decimal("0.000001")),
        (2, 4, None, date(2026, 2, 28), datetime(2026, 3, 2, 0, 0), "ßa", Decimal("2.5")),
        (3, 3, 300, date(2026, 3, 1), datetime(2026, 3, 3, 22, 0), "a\\b", Decimal("3.5")),
    ]
    for engine in (duck, spark):
        engine.table("t", schema, rows)
    yield duck, spark
    duck.close()
    spark.close()


@pytest.fixture
def both(engines):
    """What a text answers on DuckDB and on Spark, translated by sqlglot alone; "fails" where an engine refuses it."""
    duck, spark = engines

    def ask(sql: str) -> tuple[Any, Any]:
        translated = sqlglot.transpile(sql, read="duckdb", write="spark")[0]
        return _answer(lambda: duck.rows(sql)), _answer(lambda: _raw(spark, translated))

    return ask


def _raw(spark: SparkEngine, sql: str) -> Rows:
    frame = spark.session.sql(sql)
    return Rows(tuple(frame.columns), [tuple(row) for row in frame.collect()])


def _answer(ask: Any) -> Any:
    try:
        values = ask().values
    except Exception:  # what an engine raises is its own; that it does is what counts here
        return FAILS
    return values[0][0] if len(values) == 1 and len(values[0]) == 1 else values


@pytest.fixture
def machine_in_shanghai(monkeypatch):
    """Python's zone; Spark's JVM has it in every test (see conftest)."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def clickhouse(sql: str) -> list[list[str]]:
    chdb = pytest.importorskip("chdb", reason="chdb is not installed")
    answer = str(chdb.query(sqlglot.transpile(sql, read="duckdb", write="clickhouse")[0], "TabSeparated"))
    return [line.split("\t") for line in answer.strip().split("\n")]


@pytest.mark.spark
class TestDifferences:
    """One for each rule."""

    def test_one_query(self, engines):
        duck, spark = engines
        two = "select 1 as n; select 2 as n"
        assert (_answer(lambda: duck.rows(two)), _answer(lambda: _raw(spark, two))) == (2, FAILS)

    def test_bound(self, engines):
        for engine in engines:
            name = "x' or 'a' = 'a"  # typed into a form
            assert engine.rows(f"select count(*) as n from t where name = '{name}'").scalar() == 3
            assert engine.rows("select count(*) as n from t where name = $name", name=name).scalar() == 0

    def test_mark(self):
        """A mark is no SQL: it only must not outlive what it excuses."""
        assert broken("select cast(sum(usdt) as bigint) as usdt from t -- allow sum_cast: not needed any more") == {"mark"}

    def test_tables(self, both, tmp_path):
        (tmp_path / "t.csv").write_text("n\n7\n")
        assert both(f"select n from read_csv('{tmp_path}/t.csv')") == (7, FAILS)

    def test_constructs(self, both, engines):
        assert both("select a.n from t as a asof join t as b on a.seen_at >= b.seen_at where a.n = 1") == (1, FAILS)
        duck, _ = engines
        joined = "select count(*) as n from accounts as a natural join holders as h"
        duck.table("accounts", (Column("user_no", "integer"), Column("note", "varchar")), [(1, "a")])
        duck.table("holders", (Column("user_no", "integer"),), [(1,)])
        assert duck.rows(joined).scalar() == 1
        duck.table("holders", (Column("user_no", "integer"), Column("note", "varchar")), [(1, "b")])
        assert duck.rows(joined).scalar() == 0  # a new column, and everybody is gone

    def test_functions(self, both):
        assert both("select left('abc', -1) as x") == ("ab", "")
        assert both("select upper('ß') as x") == ("ẞ", "SS")
        assert both("select isnan(cast(null as double)) as x") == (None, False)
        here, there = both("select hash('abc') as x")
        assert here != there

    def test_clock_or_chance(self, both):
        here, there = both("select random() as x")
        assert here != there

    def test_date_difference(self, both):
        months = "select datediff('month', registered_on, date '2026-03-15') as n from t where n = 1"
        assert both(months.replace("where n", "where t.n")) == (2, 1)
        times = "select datediff('day', seen_at, timestamp '2026-03-02 01:00:00') as d from t where n = 1"
        assert both(times) == (1, 0)
        here, there = both("select date '2026-03-15' - registered_on as d from t where n = 1")
        assert here == 43
        assert here != there

    def test_date_arithmetic(self, both):
        assert both("select registered_on + interval 1 month as d from t where n = 1") == (
            datetime(2026, 2, 28),
            date(2026, 2, 28),
        )

    def test_date_trunc(self, both, machine_in_shanghai):
        assert both("select date_trunc('month', registered_on) as month from t where n = 1") == (
            datetime(2026, 1, 1, 0, 0),
            datetime(2026, 1, 1, 8, 0),  # a time with a zone, told in the machine's
        )

    def test_extract_part(self, both):
        assert both("select extract(dow from date '2026-03-01') as d") == (0, 1)
        assert both("select extract(second from timestamp '2026-03-01 00:00:01.5') as d") == (1, Decimal("1.5"))

    def test_half_open(self, engines):
        days = ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04")
        for engine in engines:
            counted = [
                engine.rows(
                    f"select count(*) as n from t where seen_at between timestamp '{day} 00:00:00' and timestamp '{after} 00:00:00'"
                ).scalar()
                for day, after in pairwise(days)
            ]
            assert counted == [2, 1, 1]  # three rows, one of them counted twice

    def test_nulls_placed(self, engines):
        duck, spark = engines
        same_words = "select n from t order by usdt"
        assert duck.rows(same_words).values == [(1,), (3,), (2,)]
        assert _raw(spark, same_words).values == [(2,), (1,), (3,)]

    @pytest.mark.parametrize(
        "sql",
        [
            "select name from tied qualify row_number() over (order by usdt nulls last) = 1",
            "select arg_max(name, usdt) as name from tied",
            "select distinct first_value(name) over (order by usdt nulls last) as name from tied",
        ],
        ids=["row_number", "arg_max", "first_value"],
    )
    def test_ties(self, engines, sql):
        self.depends_on_the_order_of_rows(engines, sql)

    def test_limit_ordered(self, engines):
        self.depends_on_the_order_of_rows(engines, "select name from tied limit 1")
        self.depends_on_the_order_of_rows(engines, "select name from tied order by usdt nulls last limit 1")

    def depends_on_the_order_of_rows(self, engines, sql):
        schema = (Column("name", "varchar"), Column("usdt", "bigint"))
        rows = [("first", 7), ("second", 7)]
        duck, _ = engines
        answers = []
        for laid in (rows, rows[::-1]):  # a table has no order: both are the same table
            duck.table("tied", schema, laid)
            answers.append(duck.rows(sql).scalar())
        assert answers[0] != answers[1]

    def test_window_default(self, both):
        sql = "select lag(n) over (order by n) as was from {} order by n"
        assert both(sql.format("t")) == ([(None,), (1,), (2,)],) * 2
        assert clickhouse(sql.format("(select arrayJoin([1, 2, 3]) as n) as t")) == [["0"], ["1"], ["2"]]
        assert both("select last_value(n) over (order by n) as last from t order by n") == ([(1,), (2,), (3,)],) * 2

    def test_grouping_sets(self, both):
        assert both(
            "select n, count(*) as users from t group by grouping sets ((n), ()) order by users desc, n nulls last limit 1"
        ) == (
            [(None, 3)],
            [(None, 3)],
        )
        total = "select n, count(*) as users from (select arrayJoin([1, 2, 3]) as n) as t group by grouping sets ((n), ())"
        assert ["0", "3"] in clickhouse(total)

    def test_divisor(self, both):
        assert both("select cast(usdt as double) / (n - 1) as r from t where n = 1") == (float("inf"), FAILS)

    def test_division(self, both):
        assert both("select cast(2 as decimal(38, 12)) / 3 as r") == (2 / 3, Decimal("0.666666666667"))

    def test_decimals(self, both):
        assert both("select price * cast(0.0000005 as decimal(38, 12)) as r from t where n = 1") == (
            Decimal("5E-13"),
            Decimal(0),
        )
        sum_of_two = "select cast(1 as decimal(38, 12)) + cast(0.000000000001 as decimal(38, 12)) as r"
        assert both(sum_of_two) == (Decimal("1.000000000001"), Decimal(1))

    def test_sum_cast(self, engines, tmp_path):
        large = 2**53 + 1
        stored = []
        for engine in engines:
            engine.table("large", (Column("usdt", "bigint"),), [(large,)])
            engine.write("select sum(usdt) as usdt from large", tmp_path / f"{engine.dialect}.parquet")
            [[value]] = sql.run(f"select usdt from '{tmp_path}/{engine.dialect}.parquet'")
            stored.append(value)
        assert stored == [2.0**53, large]

    def test_float_sum(self, engines):
        for engine in engines:
            answers = set()
            for laid in ([1e16, 1.0, -1e16], [1e16, -1e16, 1.0], [1.0, 1e16, -1e16]):
                engine.table("doubles", (Column("x", "double"),), [(x,) for x in laid])
                answers.add(engine.rows("select sum(x) as x from doubles").scalar())
            assert answers == {0.0, 1.0}, engine.dialect
        assert engines[0].rows("select avg(price) as p from t where n = 2").scalar() == 2.5

    def test_rounding(self, both):
        assert both("select round(2.675e0, 2) as r") == (2.67, 2.68)
        assert both("select cast(1.5e0 as bigint) as r") == (2, 1)
        assert both("select cast(price as bigint) as r from t where n = 3") == (4, 3)
        assert both("select cast(1.005e0 as decimal(10, 2)) as r") == (Decimal("1.00"), Decimal("1.01"))
        assert [type(value) for value in both("select floor(1.5e0) as r")] == [float, int]
        assert clickhouse("select round(cast(2.5 as double)) as r, round(cast(1.5 as double)) as s") == [["2", "2"]]

    def test_quantile(self, both):
        assert both("select approx_quantile(usdt, 0.5) as q from t") == (200, 100)
        assert both("select mode(level) as q from t") != (5, 5)
        assert both("select quantile_cont(usdt, 0.5) as q from t") == (200.0, FAILS)

    def test_bit_count(self, both):
        assert both("select bit_count(cast(4611686018427387903 as bigint)) * 10 as tenths") == (FAILS, 620)

    def test_left_shift(self, both):
        assert both("select cast(4611686018427387904 as bigint) << 1 as mask") == (FAILS, -(2**63))
        assert both("select cast(1 as bigint) << 64 as mask") == (FAILS, 1)
        assert both("select cast(4611686018427387904 as bigint) * 2 as mask") == (FAILS, FAILS)

    def test_star(self, engines):
        for engine in engines:
            engine.table("paid", (Column("fees", "integer"), Column("rewards", "integer")), [(1, 100)])
            engine.table("owed", (Column("rewards", "integer"), Column("fees", "integer")), [(100, 1)])
            stars = engine.rows("select * from paid union all select * from owed").values
            named = engine.rows("select fees, rewards from paid union all select fees, rewards from owed").values
            assert sorted(stars) == [(1, 100), (100, 1)]
            assert named == [(1, 100), (1, 100)]

    def test_alias(self, both):
        assert both("select -n as n from t order by n + 0 limit 1") == (-1, -3)
        assert both("select -level as level from t qualify row_number() over (order by level) = 1") == (-3, -5)
        where = "select level + 1 as level from {} where level = 4"
        assert both(where.format("t")) == (5, 5)
        assert clickhouse(where.format("(select arrayJoin([3, 4, 5]) as level) as t")) == [["4"]]

    def test_text_matching(self, both):
        assert both("select name like 'a\\_' as r from t where n = 3") == (True, False)
        assert both("select regexp_matches('aa', '^(a)\\1$') as r") == (FAILS, True)
        assert both("select 'a' collate nocase = 'A' as r") == (True, FAILS)

    def test_text_cast(self, both):
        assert both("select try_cast('1.5' as integer) as r") == (2, None)
        assert both("select cast('1.5' as integer) as r") == (2, FAILS)
        assert both("select cast(1e20 as varchar) as r") == ("1e+20", "1.0E20")

    def test_types(self, engines, both, tmp_path):
        assert both("select cast(5 as hugeint) as n") == (5, FAILS)
        engines[0].write("select cast(9007199254740993 as hugeint) as n", tmp_path / "huge.parquet")
        assert sql.run(f"select n from '{tmp_path}/huge.parquet'") == [(2.0**53,)]

    def test_untyped_null(self, engines, tmp_path):
        duck, spark = engines
        duck.write("select 1 as n, null as country", tmp_path / "untyped.parquet")
        schema = (Column("n", "integer"), Column("country", "varchar"))
        for engine in engines:
            engine.view("untyped", [tmp_path / "untyped.parquet"], schema)
        asked = "select country from untyped"
        assert (_answer(lambda: duck.rows(asked)), _answer(lambda: spark.rows(asked))) == (None, FAILS)

    def test_every_rule_has_its_difference_here(self):
        shown = {name.removeprefix("test_") for name in vars(TestDifferences) if name.startswith("test_")}
        assert {rule.key for rule in explain_rules()} == shown - {"every_rule_has_its_difference_here"}
