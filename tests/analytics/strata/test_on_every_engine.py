"""The queries of strata keep to the restricted dialect, and Spark answers them as DuckDB does."""

from __future__ import annotations

from datetime import date

import pytest

from springtide.analytics.daybook.tables import POPULATION as POPULATION_SCHEMA
from springtide.analytics.daybook.tables import PROFILES
from springtide.analytics.engine.dialect import lint
from springtide.analytics.strata import EDGES, MOVES, POPULATION, STRATA, load, strata_query
from tests.analytics.engine.conformance import Table, agree
from tests.analytics.strata.test_every_stratum import CASES, VALUE_EDGES, in_micro

STRATIFICATIONS = load()
QUERIES = {
    "population": POPULATION.text,
    "moves": MOVES.text,
    "strata": strata_query(STRATIFICATIONS),
    "strata without edges": strata_query(STRATIFICATIONS, available={"tenure"}),
}


@pytest.mark.parametrize("name", QUERIES)
def test_the_query_keeps_the_rules_of_the_dialect(name):
    assert not lint(QUERIES[name]), "\n".join(map(str, lint(QUERIES[name])))


def _every_case(of) -> Table:
    known = [in_micro(known) for cases in CASES.values() for known, _ in cases]
    users = [of(user_no=place, **row) for place, row in enumerate(known)]
    return Table(PROFILES, [tuple(user[column.name] for column in PROFILES) for user in users])


@pytest.mark.spark
def test_spark_places_every_user_as_duckdb_does(of, spark):
    profiles = _every_case(of)
    edges = Table(POPULATION_SCHEMA, list(in_micro(VALUE_EDGES).items()))
    placed = agree(QUERIES["strata"], {"profiles": profiles, "population": edges}, spark=spark)
    assert len(placed) == len(profiles.rows)
    for place, stratification in enumerate(STRATIFICATIONS, 2):  # every stratum is met, so every rule was run
        assert {row[place] for row in placed} == {stratum.name for stratum in stratification.strata}
    agree(QUERIES["strata"], {"profiles": profiles, "population": Table(POPULATION_SCHEMA)}, spark=spark)
    agree(QUERIES["strata without edges"], {"profiles": profiles}, spark=spark)


@pytest.mark.spark
def test_spark_finds_the_same_edges_and_moves(of, spark):
    def on(tenures: str) -> Table:
        """Users 0, 1, 2 … with one letter each: a tenure, or `.` for nobody of that number."""
        words = {"d": "day0", "y": "young"}
        rows = [(no, no % 3 > 0, None, words[letter], *[None] * 7) for no, letter in enumerate(tenures) if letter != "."]
        return Table(STRATA, rows)

    assert len(agree(POPULATION, {"profiles": _every_case(of)}, spark=spark)) == len(EDGES)
    days = {"strata_before": on("ddyy.d"), "strata": on("dyyyd.")}
    assert len(agree(MOVES, days, {"day": date(2026, 3, 31)}, spark=spark)) == 2
