"""The queries of segments keep to the restricted dialect, and Spark answers them as DuckDB does."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

import pytest

from springtide.analytics import strata
from springtide.analytics.daybook.tables import MOVES as MOVES_SCHEMA
from springtide.analytics.daybook.tables import PROFILES, USER_DAYS
from springtide.analytics.engine import Column, ColumnType
from springtide.analytics.engine.dialect import lint
from springtide.analytics.facts import fact_schema
from springtide.analytics.segments import (
    MOVES,
    SEGMENTS,
    Condition,
    Known,
    Segment,
    in_order,
    members_query,
    placed_query,
    shipped_rules,
    shipped_strategy,
    size_query,
)
from springtide.analytics.segments.beside import _together, counts_query, happened, then_not_query
from springtide.analytics.segments.diagnosis import STUCK, _figures_query, _sized_query, _stuck_query
from springtide.analytics.segments.matrix import MATRIX, PLACED, place_query
from springtide.analytics.segments.words import Nested, Span, ThenNot, Times
from tests.analytics.engine.conformance import Table, agree
from tests.tables import STRATA

LAST = date(2026, 3, 31)
TEXTS = {
    "silent": "lifecycle = 'lapsing' and not segment('rich')",
    "rich": "coalesce(equity_usdt, 0) >= 100 or net_revenue_90d_usdt / 2 >= 5",
    "busy": "times('traded_spot', days => 5) >= 2 and segment('silent') = false",
    "stuck": "then_not('deposited', 'traded_spot', within_days => 3, days => 20)",
}
SEGMENTS_OF_TESTS = in_order(
    Segment(key, 1, key, condition=Condition.parse(text, Known())) for key, text in TEXTS.items()
)  # fmt: skip
TIMES, THEN_NOT = Times("traded_spot", Span(days=5)), ThenNot("deposited", "traded_spot", 3, Span(days=20))
BESIDE: dict[str, ColumnType] = {TIMES.column: "bigint", THEN_NOT.column: "boolean"}
SINCE = LAST - timedelta(days=30)
HAPPENED = {event: happened(event, SINCE, LAST) for event in ("traded_spot", "deposited", "registered", "quiz", "rewarded")}
STRATEGY, RULES = shipped_strategy(strata.load()), shipped_rules()
QUERIES = {
    "placed": placed_query(SEGMENTS_OF_TESTS, BESIDE),
    "members": members_query([one.key for one in SEGMENTS_OF_TESTS]),
    "no members": members_query([]),
    "moves": MOVES.text,
    "size": size_query(Condition.parse("segment('busy') and is_counted", Known()), SEGMENTS_OF_TESTS, BESIDE),
    "counts": counts_query([TIMES, Times("quiz", Span(since=SINCE))], HAPPENED, LAST),
    "then not": then_not_query(THEN_NOT, HAPPENED, LAST),
    "registered, then not": then_not_query(ThenNot("registered", "quiz", 2, Span(days=20)), HAPPENED, LAST),
    "rewarded": HAPPENED["rewarded"],
    "together": _together([{TIMES.column: "bigint"}, {THEN_NOT.column: "boolean"}], BESIDE),
    "cells": place_query(STRATEGY),
    "matrix": MATRIX.text,
    "stuck": _stuck_query(RULES, RULES.findings),
    "sized": _sized_query(RULES, RULES.findings),
    "figures": _figures_query(RULES.findings),
}


@pytest.mark.parametrize("name", QUERIES)
def test_the_query_keeps_the_rules_of_the_dialect(name):
    found = lint(QUERIES[name], types=dict.fromkeys(BESIDE, "bigint"))
    assert not found, "\n".join(map(str, found))


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(spark):
    draw = random.Random(7)
    tables = _tables(draw)

    def run(name, **more):
        return agree(QUERIES[name], tables | more, {"day": LAST}, spark=spark)

    counts, then_not = run("counts"), run("then not")
    assert counts
    assert then_not
    for name in ("registered, then not", "rewarded", "placed", "size", "stuck"):
        assert run(name), name
    beside = (
        (Column("user_no", "integer"), Column(TIMES.column, "bigint")),
        (Column("user_no", "integer"), Column(THEN_NOT.column, "boolean")),
    )
    parts = {"beside_0": Table(beside[0], [(1, 3), (2, 1)]), "beside_1": Table(beside[1], [(2, True)])}
    assert agree(QUERIES["together"], parts, spark=spark) == [(1, 3, None), (2, 1, True)]

    placed = (Column("user_no", "integer"), *(Column(Nested(one.key).column, "boolean") for one in SEGMENTS_OF_TESTS))
    rows = [(user, *(draw.random() < 0.5 for _ in SEGMENTS_OF_TESTS)) for user in range(30)]
    members = agree(QUERIES["members"], {"placed": Table(placed, rows)}, spark=spark)
    assert agree(QUERIES["no members"], {"placed": Table(placed, rows)}, spark=spark) == []
    before = [row for row in members if draw.random() < 0.7]
    told = Table((Column("key", "varchar"),), [("rich",), ("busy",)])
    moves = agree(
        MOVES, {"segments": Table(SEGMENTS, members[5:]), "segments_before": Table(SEGMENTS, before), "told_before": told},
        {"day": LAST}, spark=spark,
    )  # fmt: skip
    assert len(moves[0]) == len(MOVES_SCHEMA)

    cells = Table(PLACED, run("cells"))
    assert agree(MATRIX, {"placed": cells, "placed_week": cells, "placed_month": cells}, spark=spark)
    stuck = Table(STUCK, run("stuck"))
    sized = run("sized")
    booleans: list[ColumnType] = ["boolean"] * (len(sized[0]) - 5)
    types: list[ColumnType] = ["integer", "bigint", "bigint", "varchar", "varchar", *booleans]
    names = ["user_no", "equity_usdt", "net_revenue_90d_usdt", "value", "finding"]
    names += [f"{what}_{n}" for n in range(len(RULES.findings)) for what in ("peer", "got", "moved")]
    schema = tuple(Column(name, kind) for name, kind in zip(names, types, strict=True))
    assert len(agree(QUERIES["figures"], {"sized": Table(schema, sized), "stuck_before": stuck}, spark=spark)) == 1


def _tables(draw):
    users, days = range(40), [LAST - timedelta(days=age) for age in range(30)]
    lifecycles = [stratum.name for stratum in strata.load()[0].strata]

    def profile(user):
        known = {
            "user_no": user, "is_counted": user % 5 > 0, "equity_usdt": draw.choice([None, draw.randrange(10**9)]),
            "net_revenue_90d_usdt": draw.randrange(-(10**7), 10**7), "tenure_days": draw.randrange(120), "kyc_level": user % 2,
            "trades_all": draw.randrange(3), "vip_level": user % 3, "first_deposit_on": draw.choice([None, LAST]),
            "days_since_platform_active": draw.choice([None, 3, 40]), "days_since_trade": draw.choice([None, 3, 40]),
            "is_personally_silent": draw.choice([None, True, False]), "spot_trades_30d": 2, "fees_90d_usdt": draw.randrange(10**7),
            "trading_days_30d": draw.randrange(6), "asset_size_usdt": draw.randrange(10**8),
        }  # fmt: skip
        return tuple(known.get(column.name) for column in PROFILES)

    def stood(user):
        known = {
            "user_no": user, "is_counted": True, "lifecycle": draw.choice(lifecycles), "value": draw.choice(["zero", "d3", "d8", "top1"]),
            "incentive": draw.choice(["organic", "dependent"]), "vip_distance": draw.choice(["near", "far", None]),
        }  # fmt: skip
        return tuple(known.get(column.name) for column in STRATA)

    def did(user, day):
        at = datetime.combine(day, time(draw.randrange(24)))
        known = {
            "user_no": user, "day": day, "spot_trades": draw.randrange(3), "last_spot_at": at,
            "deposits": draw.randrange(2), "last_deposit_at": datetime.combine(day, time(12)),
        }  # fmt: skip
        return tuple(known.get(column.name, 0 if not column.nullable else None) for column in USER_DAYS)

    def fact(table, count, **known):
        schema = fact_schema(table)
        rows = []
        for number in range(count):
            at = datetime.combine(draw.choice(days), time(draw.randrange(24)))
            row = {
                "user_no": draw.choice(users),
                "event_id": str(number),
                "happened_at": at,
                "source": "x",
                "version": 1,
                **known,
            }
            rows.append(tuple(row.get(column.name) for column in schema))
        return Table(schema, rows)

    registered = [
        {"user_no": user, "user_id": str(user), "master_no": user, "registered_on": draw.choice(days),
         "registered_at": datetime.combine(LAST, time()), "is_derived": False}
        for user in users
    ]  # fmt: skip
    bounds = [(day, datetime.combine(day, time()), datetime.combine(day + timedelta(days=1), time())) for day in days]
    known_beside = [(user, draw.randrange(4), draw.choice([True, None])) for user in users if user % 2]
    return {
        "profiles": Table(PROFILES, [profile(user) for user in users]),
        "strata": Table(STRATA, [stood(user) for user in users]),
        "user_days": Table(USER_DAYS, [did(user, day) for user in users for day in days if draw.random() < 0.2]),
        "users": Table(fact_schema("users"), [tuple(r.get(c.name) for c in fact_schema("users")) for r in registered]),
        "events": fact("events", 60, name="quiz"),
        "reward_entries": fact("reward_entries", 30, action="grant", usdt=5),
        "bounds_of_days": Table((Column("day", "date"), Column("from_at", "timestamp"), Column("to_at", "timestamp")), bounds),
        "beside": Table((Column("user_no", "integer"), *(Column(n, t) for n, t in BESIDE.items())), known_beside),
    }
