"""Spark keeps the engine's interface as DuckDB does."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from springtide.analytics.engine import Column, DuckEngine
from springtide.analytics.engine.spark import SparkEngine
from springtide.kernel.errors import BadInput
from tests import sql

pytestmark = pytest.mark.spark

EVERY_TYPE = (
    Column("user_no", "integer"),
    Column("level", "smallint"),
    Column("usdt", "bigint"),
    Column("price", "decimal(38,12)"),
    Column("share_ratio", "double"),
    Column("is_maker", "boolean"),
    Column("day", "date"),
    Column("executed_at", "timestamp"),
    Column("market", "varchar"),
)
FILLS = [
    (
        1,
        3,
        2**53 + 1,
        Decimal("0.000000000001"),
        0.1,
        True,
        date(2024, 2, 29),
        datetime(2024, 2, 29, 23, 59, 59, 999999),
        "BTC-USDT",
    ),
    (2, -3, -1, Decimal("12345678901234567890.5"), 1.0, False, date(1969, 12, 31), datetime(1969, 12, 31, 23, 0), "现货 'é'"),
    (3, None, None, None, None, None, None, None, None),
]


@pytest.fixture
def duck():
    engine = DuckEngine(memory_limit="512MB", threads=2)
    yield engine
    engine.close()


def test_a_table_gives_back_what_was_put_in(spark, duck):
    for engine in (duck, spark):
        engine.table("fills", EVERY_TYPE, FILLS)
        answer = engine.rows("select * from fills order by user_no")
        assert answer.columns == tuple(column.name for column in EVERY_TYPE)
        assert answer.values == FILLS
        assert [type(value) for value in answer.values[0]] == [int, int, int, Decimal, float, bool, date, datetime, str]


def test_parquet_written_by_either_engine_reads_the_same_on_the_other(spark, duck, tmp_path):
    paths = {engine: tmp_path / f"{engine.dialect}.parquet" for engine in (duck, spark)}
    for engine, path in paths.items():
        engine.table("fills", EVERY_TYPE, FILLS)
        assert engine.write("select * from fills order by user_no", path) == 3
    for reader in (duck, spark):
        for path in paths.values():
            reader.view("stored", [path], EVERY_TYPE)
            assert reader.rows("select * from stored order by user_no").values == FILLS
    described = [sql.run("describe select * from read_parquet(?)", str(path)) for path in paths.values()]
    assert described[0] == described[1]


def test_a_write_leaves_one_zstd_file_in_the_order_asked_for(spark, tmp_path):
    spark.make(
        "numbers",
        "select cast(a.k * 10 + b.k as bigint) as n from "
        + " cross join ".join(f"(values {', '.join(f'({k})' for k in range(10))}) as {t}(k)" for t in "ab"),
    )
    assert spark.write("select n from numbers order by n desc", tmp_path / "down.parquet") == 100
    assert spark.write("select n from numbers", tmp_path / "any.parquet") == 100
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["any.parquet", "down.parquet"]
    with duckdb.connect() as reader:
        stored = reader.execute(f"select n from '{tmp_path}/down.parquet'").fetchall()
        assert stored == [(n,) for n in range(99, -1, -1)]
        codecs = reader.execute(f"select distinct compression from parquet_metadata('{tmp_path}/*.parquet')").fetchall()
        assert codecs == [("ZSTD",)]


def test_an_empty_answer_is_still_a_file_with_its_columns(spark, duck, tmp_path):
    spark.view("fills", [], EVERY_TYPE)
    assert spark.write("select user_no, usdt, null as nothing from fills", tmp_path / "none.parquet") == 0
    duck.view("none", [tmp_path / "none.parquet"], ())
    assert duck.rows("select * from none").columns == ("user_no", "usdt", "nothing")


def test_a_view_takes_narrower_and_unsigned_files_and_lacking_columns(spark, tmp_path):
    with duckdb.connect() as writer:
        writer.execute(f"copy (select 7::utinyint as user_no, 9::uinteger as usdt) to '{tmp_path}/old.parquet'")
        writer.execute(f"copy (select 8::bigint as user_no, 2::bigint as usdt, 'x' as market) to '{tmp_path}/new.parquet'")
    schema = (Column("user_no", "integer"), Column("usdt", "bigint"), Column("market", "varchar"))
    spark.view("fills", [tmp_path / "old.parquet", tmp_path / "new.parquet"], schema)
    assert sorted(spark.rows("select * from fills").values) == [(7, 9, None), (8, 2, "x")]
    assert spark.write("select user_no from fills", tmp_path / "out.parquet") == 2
    assert sql.run(f"select distinct typeof(user_no) from '{tmp_path}/out.parquet'") == [("INTEGER",)]


def test_a_uuid_is_read_as_its_text(spark, tmp_path):
    key = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    sql.run(f"copy (select uuid '{key}' as key) to '{tmp_path}/keys.parquet'")
    spark.view("keys", [tmp_path / "keys.parquet"], (Column("key", "uuid"),))
    assert spark.rows("select * from keys").values == [(key,)]


def test_a_made_table_is_computed_once_and_may_replace_what_it_reads(spark, tmp_path):
    sql.run(f"copy (select 1 as n) to '{tmp_path}/n.parquet'")
    spark.view("counted", [tmp_path / "n.parquet"], (Column("n", "integer"),))
    assert spark.make("counted", "select n from counted union all select n + 1 from counted") == 2
    (tmp_path / "n.parquet").unlink()  # nothing reads the file again
    assert spark.make("counted", "select n from counted union all select n + 10 from counted") == 4
    assert sorted(spark.rows("select n from counted").values) == [(1,), (2,), (11,), (12,)]


def test_a_renamed_table_replaces_what_had_the_name_and_a_dropped_one_is_gone(spark, duck):
    for engine in (duck, spark):
        engine.table("before", (Column("n", "integer"),), [(1,)])
        engine.make("after", "select n + 1 as n from before")
        engine.rename("after", "before")
        assert engine.rows("select n from before").values == [(2,)]
        engine.drop("before", "never_there")
        with pytest.raises(Exception, match="after"):
            engine.rows("select n from after")
        with pytest.raises(Exception, match="before"):
            engine.rows("select n from before")


def test_values_are_bound_and_keep_their_type(spark, duck):
    given = {
        "whole": 7,
        "large": 2**40,
        "share": 0.1,
        "price": Decimal("1.25"),
        "flag": True,
        "day": date(2026, 3, 1),
        "at": datetime(2026, 3, 1, 23, 30),
        "text": "o'clock; drop table users --",
        "nothing": None,
    }
    sql = "select " + ", ".join(f"${name} as {name}_" for name in given)
    assert spark.rows(sql, **given).values == duck.rows(sql, **given).values == [tuple(given.values())]


def test_a_missing_value_is_named_and_one_in_a_comment_or_text_is_not_asked_for(spark, duck):
    with pytest.raises(BadInput, match=r"\$day") as refused:
        spark.rows("select $day as day")
    assert refused.value.code == "missing_parameter"
    for engine in (duck, spark):
        assert engine.rows("-- up to $day\nselect '$day' as n").scalar() == "$day"


def test_two_engines_on_one_session_do_not_see_each_other(spark, spark_session, tmp_path):
    other = SparkEngine(spark_session, scratch=tmp_path)
    other.table("mine", (Column("n", "integer"),), [(1,)])
    with pytest.raises(Exception, match="mine"):
        spark.rows("select n from mine")
    other.close()
    assert not list(tmp_path.glob("springtide-spark-*"))
    assert spark.rows("select 1 as n").scalar() == 1


def test_times_do_not_move_with_the_zone_of_the_machine(spark, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")  # as the JVM has it in every test (see conftest)
    time.tzset()
    try:
        at = datetime(2026, 3, 29, 2, 30)
        spark.table("t", (Column("seen_at", "timestamp"),), [(at,)])
        sql = (
            "select seen_at, $at as at_, epoch_us(seen_at) as us, cast(date_trunc('hour', seen_at) as timestamp) as hour from t"
        )
        assert spark.rows(sql, at=at).values == [(at, at, 1774751400000000, datetime(2026, 3, 29, 2, 0))]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_without_pyspark_the_hint_says_how_to_get_it(monkeypatch):
    from springtide.analytics.engine.spark import spark_session as started

    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(BadInput, match="pip install") as refused:
        started()
    assert refused.value.code == "no_spark"
