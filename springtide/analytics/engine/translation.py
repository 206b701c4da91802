"""Restricted SQL in Spark's words, so that it gives the same rows.

sqlglot knows the words; this file adds what it leaves different: how operators bind, shifts beyond the width, logarithms of
zero, the nearest rank in a value's own type, nulls in arg_max, ISO weekdays, whole numbers that are narrower than on DuckDB.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.spark import Spark


@lru_cache(maxsize=1024)
def transpile(sql: str, to: Literal["spark"] = "spark") -> str:
    """The query in Spark's SQL; parameters become `:name`.

    It must keep the rules (`lint`); what breaks them may come out with another meaning.
    """
    tree: exp.Expr = sqlglot.parse_one(sql, dialect=DuckDB)
    for node in reversed(
        list(tree.walk(bfs=False))
    ):  # from the leaves up: what is put around a node keeps what was done inside
        changed = _changed(node)
        if changed is not None:
            node.replace(changed)
    return tree.sql(Spark, comments=False)


def _changed(node: exp.Expr) -> exp.Expr | None:
    """What stands in the place of `node` on Spark; None if it stays."""
    match node:
        case exp.BitwiseRightShift():
            return _shifted(node)
        case exp.Connector():
            return None
        case exp.Binary() if isinstance(node.parent, exp.Binary | exp.Unary | exp.Between | exp.In):
            # Spark binds & tighter than |, DuckDB reads them from left to right: parentheses say it for both.
            return None if isinstance(node.parent, exp.Connector | exp.Paren) else exp.Paren(this=node.copy())
        case exp.Extract() if node.name.upper() == "ISODOW":
            return _bigint(exp.Add(this=_call("WEEKDAY", node.expression), expression=exp.Literal.number(1)))
        case exp.Extract() | exp.Year() | exp.Quarter() | exp.Month() | exp.Length():
            return _bigint(node.copy())
        case exp.Ln():
            return _logarithm(node, node.this)
        case exp.Log():
            return _logarithm(node, node.expression)
        case exp.ArgMax() | exp.ArgMin():
            return _of_known(node)
        case exp.Anonymous() if node.name.lower() == "bit_count":
            return exp.cast(node.copy(), exp.DType.TINYINT)
        case exp.Anonymous() if node.name.lower() == "epoch_us":
            return _call("UNIX_MICROS", exp.cast(node.expressions[0].copy(), exp.DType.TIMESTAMPLTZ))
        case exp.Window() if isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile):
            return _bigint(node.copy())
        case exp.PercentileDisc() | exp.Filter() | exp.Window() if _is_outermost(node) and isinstance(
            _core(node), exp.PercentileDisc
        ):
            return _nearest_rank(node)
    return None


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _bigint(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, exp.DType.BIGINT)


def _shifted(node: exp.BitwiseRightShift) -> exp.Expr:
    """Spark takes the distance modulo the width; on DuckDB nothing is left beyond it."""
    bits, distance = _bigint(node.this.copy()), node.expression
    shift = _call("SHIFTRIGHT", bits, exp.cast(distance.copy(), exp.DType.INT))
    if isinstance(distance, exp.Literal) and int(distance.name) < 64:
        return shift
    within = exp.Between(this=distance.copy(), low=exp.Literal.number(0), high=exp.Literal.number(63))
    nothing = exp.Paren(this=exp.BitwiseAnd(this=bits.copy(), expression=exp.Literal.number(0)))
    # Zero, or null where either side is null.
    return exp.Case(
        ifs=[exp.If(this=within, true=shift)], default=exp.BitwiseAnd(this=nothing, expression=_bigint(distance.copy()))
    )


def _logarithm(node: exp.Expr, of: exp.Expr) -> exp.Expr:
    """Spark's is null for zero and below, DuckDB's is −∞ and NaN."""
    zero = exp.Literal.number(0)
    below = [(exp.GT, node.copy()), (exp.EQ, _double("-Infinity")), (exp.LT, _double("NaN"))]
    return exp.Case(
        ifs=[
            exp.If(this=compared(this=exp.Paren(this=of.copy()), expression=zero.copy()), true=value)
            for compared, value in below
        ]
    )


def _double(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), exp.DType.DOUBLE)


def _of_known(node: exp.ArgMax | exp.ArgMin) -> exp.Expr | None:
    """Spark takes the row with the largest key even where its value is null; DuckDB passes over it."""
    known = exp.Not(this=exp.Is(this=exp.Paren(this=node.this.copy()), expression=exp.Null()))
    if isinstance(node.parent, exp.Filter):
        where = node.parent.expression
        where.set("this", exp.And(this=exp.Paren(this=where.this.copy()), expression=known))
        return None
    return exp.Filter(this=node.copy(), expression=exp.Where(this=known))


def _core(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Filter | exp.Window):
        node = node.this
    return node


def _is_outermost(node: exp.Expr) -> bool:
    return not (isinstance(node.parent, exp.Filter | exp.Window) and node.arg_key == "this")


def _nearest_rank(node: exp.Expr) -> exp.Expr:
    """Spark's percentile_disc answers in DOUBLE, which cuts long whole numbers: the sorted list keeps the values as they are.

    The place is DuckDB's own, n - floor(n - n·q) counted from 1 and at least 1: exact for a decimal literal, as there.
    """

    def dressed(aggregate: exp.Expr) -> exp.Expr:
        copy = node.copy()
        core = _core(copy)
        if core is copy:
            return aggregate
        core.replace(aggregate)
        return copy

    core = _core(node)
    values = dressed(_call("COLLECT_LIST", core.this))
    known = dressed(exp.Count(this=core.this.copy()))
    share = exp.Mul(this=known.copy(), expression=core.expression.copy())
    after = exp.Floor(this=exp.Sub(this=known.copy(), expression=share))
    place = exp.Greatest(this=exp.Sub(this=known, expression=after), expressions=[exp.Literal.number(1)])
    index = exp.cast(exp.Sub(this=place, expression=exp.Literal.number(1)), exp.DType.INT)
    return _call("GET", _call("ARRAY_SORT", values), index)
