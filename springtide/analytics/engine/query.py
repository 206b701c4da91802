"""A parsed definition, and what its names say about types, keys and nulls.

A definition's text carries no types, so the house's endings do: `_on` is a date, `_at` a time, `_usdt` a whole number of 1e-6
USDT, `_ratio` a double. Casts, functions and the aliases of the steps before say the rest; what nothing tells is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

Kind = Literal["integer", "decimal", "double", "boolean", "date", "timestamp", "text"]

CAST_KINDS: Mapping[exp.DType, Kind] = {
    exp.DType.SMALLINT: "integer",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "integer",
    exp.DType.DOUBLE: "double",
    exp.DType.DECIMAL: "decimal",
    exp.DType.BOOLEAN: "boolean",
    exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPNTZ: "timestamp",  # what DuckDB's plain `timestamp` is read as
    exp.DType.VARCHAR: "text",
    exp.DType.TEXT: "text",
}
_ENDINGS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"(^|_)(day|on)$|^(as_of|since|until|week|month)$"), "date"),
    (re.compile(r"(^|_)at$|^valid_(from|to)$"), "timestamp"),
    (re.compile(r"_ratio$"), "double"),
    (re.compile(r"_(usdt|no|days|mask|\d+d|all)$"), "integer"),
    (re.compile(r"(^|_)(price|quantity)$"), "decimal"),
    (re.compile(r"^(is|has)_"), "boolean"),
)
_IDENTIFYING = re.compile(r"(^|_)(no|ref|day)$|^(event_id|week|month|period)$")
_GRAIN = re.compile(r"^--.*?\bgrain:?\s+(.+?)(?:·|$)", re.MULTILINE | re.IGNORECASE)

_COUNTED = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.DateDiff, exp.Extract)
_BITS = (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.BitwiseOrAgg, exp.BitwiseAndAgg, exp.BitwiseXorAgg)
_REAL = (exp.Div, exp.Sqrt, exp.Ln, exp.Log, exp.Exp, exp.Pow, exp.Avg, exp.Floor, exp.Ceil)
_SPREAD = (exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop)
_TRUTHS = (exp.Boolean, exp.Predicate, exp.Connector, exp.Not, exp.LogicalOr, exp.LogicalAnd)
_TEXTS = (exp.DPipe, exp.MD5, exp.Replace, exp.Trim, exp.Lower, exp.Upper)
_OF_ITS_CLASS: tuple[tuple[tuple[type[exp.Expr], ...], Kind], ...] = (
    (_TRUTHS, "boolean"),
    ((*_COUNTED, *_BITS), "integer"),
    ((*_REAL, *_SPREAD), "double"),
    (_TEXTS, "text"),
    ((exp.LastDay,), "date"),
    ((exp.TimestampTrunc,), "timestamp"),
)
_WRAPPED = (exp.Paren, exp.Neg, exp.Abs, exp.Alias, exp.Ordered, exp.Filter, exp.Window, exp.IgnoreNulls)
_CHOSEN = (exp.Min, exp.Max, exp.ArgMax, exp.ArgMin, exp.PercentileDisc, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
_OF_ITS_ARGUMENT: tuple[type[exp.Expr], ...] = (*_WRAPPED, *_CHOSEN, exp.Sum, exp.Nullif)


class _NullsSmall(DuckDB):
    NULL_ORDERING = "nulls_are_small"


class _NullsLarge(DuckDB):
    NULL_ORDERING = "nulls_are_large"


class Query:
    """The tree of one definition with what its names tell."""

    def __init__(self, sql: str, tree: exp.Query, types: Mapping[str, str]) -> None:
        self.sql, self.tree, self.types = sql, tree, types
        self.ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        grain = _GRAIN.search(sql)
        named = re.sub(r"\(.*?\)", "", grain[1]) if grain else ""
        self.grain = {word for part in re.split(r",|\band\b", named) if (word := part.strip())}
        self._being_asked: set[str] = set()

    @cached_property
    def selects(self) -> list[exp.Select]:
        return list(self.tree.find_all(exp.Select))

    @cached_property
    def aliases(self) -> dict[str, list[exp.Expr]]:
        """What every name that the query gives stands for; a bare column of that very name says nothing."""
        given: dict[str, list[exp.Expr]] = {}
        for alias in self.tree.find_all(exp.Alias):
            if not (isinstance(alias.this, exp.Column) and alias.this.name == alias.alias):
                given.setdefault(alias.alias, []).append(alias.this)
        return given

    @cached_property
    def unplaced(self) -> list[exp.Ordered]:
        """The sort keys whose nulls go where the dialect's default puts them: those that another default would move."""
        keys = list(self.tree.find_all(exp.Ordered))
        places = [[bool(key.args.get("nulls_first")) for key in keys]]
        for other in (_NullsSmall, _NullsLarge):
            moved = sqlglot.parse_one(self.sql, dialect=other)
            places.append([bool(key.args.get("nulls_first")) for key in moved.find_all(exp.Ordered)])
        return [key for key, *found in zip(keys, *places, strict=True) if len(set(found)) > 1]

    def line(self, node: exp.Expr) -> int:
        """The line on which an expression begins, from 1."""
        place: exp.Expr | None = node
        while place is not None:
            starts = [part.meta["start"] for part in place.walk() if "start" in part.meta]
            if starts:
                return line_of(self.sql, min(starts))
            place = place.parent
        return 1

    def kind(self, node: exp.Expr | None) -> Kind | None:
        """What a value is, where the tree or the names tell."""
        match node:
            case exp.Cast():
                return CAST_KINDS.get(node.to.this)
            case exp.Literal():
                return (
                    "text"
                    if node.is_string
                    else "integer"
                    if node.is_int
                    else "double"
                    if "e" in node.name.lower()
                    else "decimal"
                )
            case exp.Column():
                return self._of_name(node.name)
            case exp.Placeholder():
                return _of_ending(str(node.this))
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod():
                if isinstance(node.expression, exp.Interval):
                    return "timestamp"
                kinds = [self.kind(node.this), self.kind(node.expression)]
                wins: tuple[Kind, ...] = ("date", "double", "decimal")
                return next((kind for kind in wins if kind in kinds), "integer" if kinds == ["integer", "integer"] else None)
            case exp.Case():
                return self._common([*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")])
            case exp.If():
                return self._common([node.args["true"], node.args.get("false")])
            case exp.Coalesce() | exp.Greatest() | exp.Least():
                return self._common([node.this, *node.expressions])
            case None:
                return None
        if isinstance(node, _OF_ITS_ARGUMENT):
            return self.kind(node.this)
        return next((kind for classes, kind in _OF_ITS_CLASS if isinstance(node, classes)), None)

    def _common(self, branches: list[exp.Expr | None]) -> Kind | None:
        kinds = {kind for branch in branches if branch is not None and (kind := self.kind(branch))}
        if kinds and kinds <= {"integer", "decimal", "double"}:
            return "double" if "double" in kinds else "decimal" if "decimal" in kinds else "integer"
        return kinds.pop() if len(kinds) == 1 else None

    def _of_name(self, name: str) -> Kind | None:
        if name in self.types:
            return CAST_KINDS.get(exp.DataType.build(self.types[name], dialect=DuckDB).this)
        if name in self.aliases and name not in self._being_asked:
            self._being_asked.add(name)  # an alias may be made from its own name
            try:
                kinds = {kind for node in self.aliases[name] if (kind := self.kind(node))}
            finally:
                self._being_asked.remove(name)
            if len(kinds) == 1:
                return kinds.pop()
        return _of_ending(name)

    def identifies(self, key: exp.Expr, select: exp.Expr | None = None) -> bool:
        """The value tells rows apart: the last sort key must, or rows that tie stand in any order."""
        node = meant(key, select)
        return isinstance(node, exp.Column) and (bool(_IDENTIFYING.search(node.name)) or node.name in self.grain)

    def never_null(self, key: exp.Expr, select: exp.Expr | None = None) -> bool:
        node = bare(meant(key, select))
        match node:
            case exp.Coalesce():
                return any(self.never_null(part) for part in (node.this, *node.expressions))
            case exp.Window():
                return isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Count)
            case exp.Count() | exp.Literal() | exp.Boolean() | exp.Exists() | exp.Is():
                return True
        return self.identifies(node)


def line_of(sql: str, start: int) -> int:
    return sql.count("\n", 0, start) + 1  # the tokenizer's own count runs ahead after some comments


def bare(node: exp.Expr) -> exp.Expr:
    """Without the casts and parentheses around it."""
    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    return node


def meant(key: exp.Expr, select: exp.Expr | None) -> exp.Expr:
    """What a sort key stands for: `2` and an alias mean a column of the select (of a union, its first)."""
    while isinstance(select, exp.SetOperation):
        select = select.left
    node: exp.Expr = key.this if isinstance(key, exp.Ordered) else key
    if isinstance(select, exp.Select):
        if isinstance(node, exp.Literal) and node.is_int and 0 < int(node.name) <= len(select.expressions):
            one: exp.Expr = select.expressions[int(node.name) - 1]
            return one.unalias()
        if isinstance(node, exp.Column) and not node.table:
            named: list[exp.Expr] = [
                one.this for one in select.expressions if isinstance(one, exp.Alias) and one.alias == node.name
            ]
            return named[0] if named else node
    return node


def above(node: exp.Expr, *through: type[exp.Expr]) -> exp.Expr | None:
    """The nearest node above that is none of `through`."""
    parent = node.parent
    while isinstance(parent, through):
        parent = parent.parent
    return parent


def plain(node: exp.Expr) -> str:
    """SQL text in the house's lower case, on one line, cut to 100 characters."""
    text = node.sql(DuckDB, comments=False)
    quoted = r"'(?:[^']|'')*'|\"[^\"]*\""
    lowered = re.sub(rf"{quoted}|[A-Z_]+", lambda word: word[0] if word[0][0] in "'\"" else word[0].lower(), text)
    return lowered if len(lowered) <= 100 else f"{lowered[:99]}…"


def _of_ending(name: str) -> Kind | None:
    return next((kind for pattern, kind in _ENDINGS if pattern.search(name)), None)
