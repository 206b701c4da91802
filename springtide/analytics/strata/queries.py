"""The queries of strata: one is written from the definitions, the others are files beside this page."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import exp

from springtide.analytics.engine import Column, Definition, Schema, definition
from springtide.analytics.strata.definitions import EDGES, KEYS
from springtide.analytics.strata.stratification import Stratification

STRATA: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("is_counted", "boolean", False, "false for employees, tests and market makers: outside every user metric"),
    *(Column(key, "varchar", True, f"stratum of {key}; null where it was not available on the day") for key in KEYS),
)

_PACKAGE = "springtide.analytics.strata"
POPULATION: Definition = definition(_PACKAGE, "population")
MOVES: Definition = definition(_PACKAGE, "moves")


def strata_query(stratifications: Sequence[Stratification], available: Collection[str] | None = None) -> str:
    """The query that puts every user in a stratum of each: one row per user of `profiles`, shaped as STRATA.

    Reads `profiles` once, and the edges of `population` as one row beside it. `available`: the keys that can be told (default:
    all); the others are null for everybody, and their columns are not read.
    """
    told = [each for each in stratifications if available is None or each.key in available]
    edges = [edge for edge in EDGES if any(edge in each.columns for each in told)]
    query = exp.select("user_no", "is_counted", *(_stratum_of(each, each in told) for each in stratifications)).from_(
        "profiles"
    )
    if edges:
        scalars = (f"max(case when key = '{edge}' then value_usdt end) as {edge}" for edge in edges)
        query = query.join("edges", join_type="cross").with_("edges", exp.select(*scalars).from_("population"))
    return query.sql("duckdb", pretty=True)


def _stratum_of(stratification: Stratification, is_told: bool) -> exp.Expr:
    """The rules read downwards as one CASE; the last rule, which takes everybody, is its ELSE."""
    if not is_told:
        return exp.alias_(exp.cast(exp.Null(), "varchar"), stratification.key)
    cases = exp.Case()
    for stratum in stratification.strata[:-1]:
        cases = cases.when(stratum.rule.condition(), exp.Literal.string(stratum.name), copy=False)
    return exp.alias_(cases.else_(exp.Literal.string(stratification.strata[-1].name), copy=False), stratification.key)
