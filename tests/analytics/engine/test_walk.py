"""Walking along the rows of every unit: the engine's own way sees what windows of the unit see."""

from __future__ import annotations

import pytest

from springtide.analytics.engine import Column, DuckEngine, Engine, Walk, walk

EVENTS = (Column("user_no", "integer", False), Column("at_us", "bigint", False), Column("is_deposit", "boolean", False))
NOTHING = -1


@pytest.fixture
def duck():
    engine = DuckEngine(memory_limit="512MB", threads=2)
    yield engine
    engine.close()


def last_deposits(engine: Engine, along: Walk) -> list[tuple[object, ...]]:
    """Of every event, when its user had deposited last."""
    rows = engine.rows(f"""
        with arranged as (select user_no, at_us, is_deposit from events{along.arranged}),
        looked as (select user_no, at_us, is_deposit, {along.is_first} as is_first from arranged),
        seen as (
            select user_no, at_us,
                last_value(case when is_deposit then at_us when is_first then {NOTHING} end ignore nulls) over {along.so_far} as last_us
            from looked
        )
        select user_no, at_us, last_us from seen order by user_no, at_us
    """)
    return rows.values


def test_what_was_seen_of_one_user_is_not_known_of_the_next(duck):
    duck.table("events", EVENTS, [(2, 4, False), (1, 1, True), (2, 6, True), (1, 3, False), (2, 9, False)])
    assert last_deposits(duck, duck.walk(["user_no"], "at_us")) == [
        (1, 1, 1), (1, 3, 1), (2, 4, NOTHING), (2, 6, 6), (2, 9, 6),
    ]  # fmt: skip


def test_a_walk_over_many_users_sees_what_windows_see(duck):
    events = [(at % 97, at, at % 7 == 0) for at in range(200_000)]
    duck.table("events", EVENTS, events)
    assert last_deposits(duck, duck.walk(["user_no"], "at_us")) == last_deposits(duck, walk(["user_no"], "at_us"))


@pytest.mark.spark
def test_spark_walks_as_duckdb_does(spark, duck):
    events = [(at % 5, at, at % 7 == 0) for at in range(100)]
    for engine in (spark, duck):
        engine.table("events", EVENTS, events)
    assert last_deposits(spark, spark.walk(["user_no"], "at_us")) == last_deposits(duck, duck.walk(["user_no"], "at_us"))
