"""From a rule's text to terms: every construct once, its SQL and its Python side by side.

A rule is read by sqlglot and then *rebuilt* from an allow-list: what is not named here never reaches an engine. Each term has
the tree that the engine runs, the function that Python runs, and the unit of what they give. Three choices make the two agree:

- Whole numbers and money are compared as whole numbers. All other arithmetic is IEEE double on both sides: operands are cast
  and divisors are NULLIF'd, so nothing depends on what an engine makes of INTEGER times DECIMAL.
- NULL follows SQL's three-valued logic; NaN equals itself and is greater than everything else, as in DuckDB and Spark.
- A number in a rule takes the unit of what it stands beside: next to money it is USDT, scaled here to the lake's 1e-6 USDT.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlglot import exp

from springtide.analytics.rules.errors import BadRule, WrongUnit, unknown_column
from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import MICRO

Row = Mapping[str, Any]
Value = Callable[[Row], Any]


class Unit(StrEnum):
    NUMBER = "a number"
    MONEY = "money"
    DATE = "a date"
    TIME = "a time"
    TEXT = "a text"
    TRUTH = "true or false"


ORDERED = (Unit.NUMBER, Unit.MONEY, Unit.DATE, Unit.TIME)
WHOLE_TYPES = ("smallint", "integer", "bigint")
UNIT_OF_TYPE = {
    **dict.fromkeys(WHOLE_TYPES, Unit.NUMBER),
    "double": Unit.NUMBER,
    "date": Unit.DATE,
    "timestamp": Unit.TIME,
    "varchar": Unit.TEXT,
    "boolean": Unit.TRUTH,
}
# `date '2026-03-01'` and `timestamp '2026-03-01 08:00:00'`, the only casts that rules say.
MOMENTS = {exp.DType.DATE: Unit.DATE, exp.DType.TIMESTAMP: Unit.TIME, exp.DType.TIMESTAMPNTZ: Unit.TIME}
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Term:
    """A part of a rule: its unit, how the engine and how Python compute it. `is_whole`: whole numbers, not doubles."""

    unit: Unit
    tree: exp.Expr
    value: Value
    is_whole: bool = True


@dataclass(frozen=True)
class Constant:
    """A number or text as written; it gets its unit from what it stands beside."""

    value: Decimal | str


@dataclass(frozen=True)
class Leaf:
    """One comparison of a rule, or a yes/no column standing alone."""

    text: str
    columns: tuple[str, ...]
    value: Value


# A word that stands for a column: what is said in its brackets → the column's name and type. Segments bring such words.
Word = Callable[[exp.Anonymous], tuple[str, str]]


@dataclass
class Reader:
    """Reads one rule; `leaves` and `needed` fill up on the way, in the order of the text."""

    columns: Mapping[str, str]
    words: Mapping[str, Word] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    needed: dict[str, None] = field(default_factory=dict)

    def truth(self, node: exp.Expr) -> Term:
        """A term that is true, false or null."""
        term = self.term(node)
        if isinstance(term, Constant) or term.unit is not Unit.TRUTH:
            unit = term.unit if isinstance(term, Term) else "a constant"
            raise WrongUnit(
                f"'{plain(node)}' is {unit}, not true or false.", "Compare it with something, as in 'tenure_days <= 7'."
            )
        return term

    def term(self, node: exp.Expr) -> Term | Constant:
        match node:
            case exp.Paren():
                return self.term(_only(node, "this").this)
            case exp.And() | exp.Or():
                return self._junction(node)
            case exp.Not(this=exp.Is()) if isinstance(node.this.expression, exp.Null):
                return self._leaf(node, lambda: self._is_null(node.this, negated=True))
            case exp.Not():
                denied = self.truth(_only(node, "this").this)
                return Term(Unit.TRUTH, exp.Not(this=_wrapped(denied.tree)), _lifted(operator.not_, denied.value))
            case exp.Is() if isinstance(node.expression, exp.Null):
                return self._leaf(node, lambda: self._is_null(node, negated=False))
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                return self._leaf(node, lambda: self._comparison(node))
            case exp.Between():
                return self._leaf(node, lambda: self._between(node))
            case exp.In():
                return self._leaf(node, lambda: self._among(node))
            case exp.Add() | exp.Sub():
                return self._sum(type(node), *self._sides(node), node)
            case exp.Neg():
                return self._sum(exp.Sub, Constant(Decimal(0)), self.term(_only(node, "this").this), node)
            case exp.Mul() | exp.Div():
                return self._product(type(node), *self._sides(node), node)
            case exp.Greatest() | exp.Least() | exp.Coalesce():
                return self._chosen(node)
            case exp.Column():
                return self._column(node)
            case exp.Boolean():
                return Term(Unit.TRUTH, exp.Boolean(this=node.this), _always(bool(node.this)))
            case exp.Literal():
                return Constant(str(node.this) if node.is_string else _decimal(node.this))
            case exp.Cast(this=exp.Literal()) if node.this.is_string and node.to.this in MOMENTS:
                return _moment(str(node.this.this), MOMENTS[node.to.this], node)
            case exp.Anonymous() if self.words:
                return self._word(node)
            case exp.Null():
                raise BadRule("Nothing equals null.", "Write 'is null' or 'is not null'.")
        raise _not_said(node)

    # --- truth

    def _junction(self, node: exp.Expr) -> Term:
        parts = [self.truth(part) for part in node.flatten(unnest=False)]
        values = [part.value for part in parts]
        trees = [_wrapped(part.tree) if isinstance(part.tree, exp.Connector) else part.tree for part in parts]
        if isinstance(node, exp.And):
            return Term(Unit.TRUTH, exp.and_(*trees, copy=False), lambda row: _decided(values, row, settles=False))
        return Term(Unit.TRUTH, exp.or_(*trees, copy=False), lambda row: _decided(values, row, settles=True))

    def _comparison(self, node: exp.Expr) -> Term:
        left, right = self._alike(_only(node, "this", "expression"), node.this, node.expression)
        if not isinstance(node, exp.EQ | exp.NEQ) and left.unit not in ORDERED:
            raise WrongUnit(
                f"'{plain(node)}' asks which is more, but {left.unit} has no order here.",
                "Use =, <> or in with texts and yes/no columns.",
            )
        tree = type(node)(this=_side(left.tree), expression=_side(right.tree))
        return Term(Unit.TRUTH, tree, _lifted(_ordered(COMPARED[type(node)]), left.value, right.value))

    def _between(self, node: exp.Expr) -> Term:
        below, middle, above = node.args.get("low"), node.this, node.args.get("high")
        value, low, high = self._alike(_only(node, "this", "low", "high"), middle, below, above)
        if value.unit not in (Unit.NUMBER, Unit.MONEY):
            raise WrongUnit(
                f"'{plain(node)}': between is for numbers and money, and this is {value.unit}.",
                "Time is half open: write the from with >= and the up to with <.",
            )
        tree = exp.Between(this=_side(value.tree), low=_side(low.tree), high=_side(high.tree))
        at_least = _lifted(_ordered(operator.ge), value.value, low.value)
        at_most = _lifted(_ordered(operator.le), value.value, high.value)
        return Term(Unit.TRUTH, tree, lambda row: _decided((at_least, at_most), row, settles=False))

    def _among(self, node: exp.Expr) -> Term:
        value, *allowed = self._alike(_only(node, "this", "expressions"), node.this, *node.expressions)
        tree = exp.In(this=_side(value.tree), expressions=[term.tree for term in allowed])
        equals = [_lifted(_ordered(operator.eq), value.value, term.value) for term in allowed]
        return Term(Unit.TRUTH, tree, lambda row: _decided(equals, row, settles=True))

    def _is_null(self, node: exp.Expr, *, negated: bool) -> Term:
        asked = self.term(_only(node, "this", "expression").this)
        if isinstance(asked, Constant):
            raise BadRule(f"'{plain(node)}': a constant is never null.", "Ask it of a column.")
        tree: exp.Expr = exp.Is(this=_wrapped(asked.tree), expression=exp.Null())
        return Term(
            Unit.TRUTH,
            exp.Not(this=tree) if negated else tree,
            lambda row: (asked.value(row) is None) is not negated,
        )

    def _leaf(self, node: exp.Expr, read: Callable[[], Term]) -> Term:
        """The outermost comparison is the leaf: what lies inside it is not told apart."""
        before = len(self.leaves)
        term = read()
        named = dict.fromkeys(column.name for column in node.find_all(exp.Column, bfs=False))
        text = f"{plain(node.this.this)} is not null" if isinstance(node, exp.Not) else plain(node)
        self.leaves[before:] = [Leaf(text, tuple(named), term.value)]
        return term

    # --- values

    def _column(self, node: exp.Expr) -> Term:
        name = node.name
        if any(value for part, value in node.args.items() if part != "this"):
            raise BadRule(f"'{plain(node)}' names a table.", f"Rules see columns only: write '{name}'.")
        if name not in self.columns:
            raise unknown_column(name, self.columns)
        stored = self.columns[name]
        if stored not in UNIT_OF_TYPE:
            raise BadRule(
                f"Column '{name}' is {stored}, which rules do not read.",
                "Use a column of a whole number, double, date or text.",
            )
        return self._named(name, stored, name)

    def _word(self, node: exp.Anonymous) -> Term:
        """A word of the room that reads the rule, such as segment('vips'): a column beside those of the profile."""
        if node.name.lower() not in self.words:
            near = suggest(node.name.lower(), self.words)
            raise UnknownName(f"There is no word '{node.name}'.", near, code="unknown_word")
        return self._named(*self.words[node.name.lower()](node), plain(node))

    def _named(self, name: str, stored: str, said: str) -> Term:
        self.needed[name] = None
        unit = UNIT_OF_TYPE[stored]
        if unit is Unit.NUMBER and name.endswith("_usdt") and stored in WHOLE_TYPES:
            unit = Unit.MONEY
        term = Term(unit, exp.column(name), lambda row: _seen(row, name), stored != "double")
        if unit is Unit.TRUTH:
            self.leaves.append(Leaf(said, (name,), term.value))
        return term

    def _chosen(self, node: exp.Expr) -> Term:
        """greatest and least pass over nulls, as both engines do; coalesce takes the first that is not null."""
        terms = self._alike(_only(node, "this", "expressions", "ignore_nulls"), node.this, *node.expressions)
        if len(terms) < 2:
            raise BadRule(f"'{plain(node)}' has one argument.", "greatest, least and coalesce choose among two or more.")
        unit, values = terms[0].unit, [term.value for term in terms]
        if not isinstance(node, exp.Coalesce) and unit not in ORDERED:
            raise WrongUnit(f"'{plain(node)}' asks which is more, but {unit} has no order here.")
        pick = CHOSEN[type(node)]
        tree = type(node)(this=terms[0].tree, expressions=[term.tree for term in terms[1:]])
        if not isinstance(node, exp.Coalesce):
            tree.set("ignore_nulls", True)

        def chosen(row: Row) -> Any:
            return pick([found for value in values if (found := value(row)) is not None])

        return Term(unit, tree, chosen, terms[0].is_whole)

    def _sum(self, sign: type[exp.Expr], left: Term | Constant, right: Term | Constant, node: exp.Expr) -> Term | Constant:
        """+ and -, of like with like. Sums of money stay whole, so nothing is rounded."""
        if isinstance(left, Constant) and isinstance(right, Constant):
            return _folded(sign, left, right, node)
        left, right = _settle([left, right], node)
        if left.unit not in (Unit.NUMBER, Unit.MONEY):
            raise WrongUnit(
                f"'{plain(node)}' computes with {left.unit}.", "Use a column that counts days, such as tenure_days."
            )
        if left.unit is Unit.NUMBER:
            left, right = _as_double(left), _as_double(right)
        tree = sign(this=_wrapped(left.tree), expression=_wrapped(right.tree))
        return Term(left.unit, tree, _lifted(COMPUTED[sign], left.value, right.value), left.is_whole)

    def _product(self, sign: type[exp.Expr], left: Term | Constant, right: Term | Constant, node: exp.Expr) -> Term | Constant:
        """* and /, always in double; a division by nothing is unknown."""
        if sign is exp.Div and right == Constant(Decimal(0)):
            raise BadRule(f"'{plain(node)}' divides by zero.", "Divide by a column or by another number.")
        if isinstance(left, Constant) and isinstance(right, Constant):
            return _folded(sign, left, right, node)
        left, right = (
            _settled(each, Unit.NUMBER, False, node) if isinstance(each, Constant) else _as_double(each)
            for each in (left, right)
        )
        unit = _unit_of_product(sign, left.unit, right.unit, node)
        divisor = exp.Nullif(this=right.tree, expression=_double(0.0))
        tree = sign(this=_wrapped(left.tree), expression=divisor if sign is exp.Div else _wrapped(right.tree))
        return Term(unit, tree, _lifted(COMPUTED[sign], left.value, right.value), is_whole=False)

    def _sides(self, node: exp.Expr) -> tuple[Term | Constant, Term | Constant]:
        _only(node, "this", "expression", "typed", "safe")
        return self.term(node.this), self.term(node.expression)

    def _alike(self, node: exp.Expr, *parts: exp.Expr | None) -> list[Term]:
        """The parts as terms of one unit and one kind of number."""
        if any(part is None for part in parts):
            raise _not_said(node)
        return _settle([self.term(part) for part in parts if part is not None], node)


# --- units


def _settle(terms: Sequence[Term | Constant], node: exp.Expr) -> list[Term]:
    """All terms in one unit, constants in that of the others; all whole, or all doubles."""
    known = [term for term in terms if isinstance(term, Term)]
    for other in known[1:]:
        if other.unit is not known[0].unit:
            raise WrongUnit(
                f"'{plain(node)}' sets {known[0].unit} ('{plain(known[0].tree)}') beside {other.unit} ('{plain(other.tree)}').",
                "Compare like with like: money with money or an amount in USDT, a ratio with a ratio, a date with a date.",
            )
    is_text = any(isinstance(term, Constant) and isinstance(term.value, str) for term in terms)
    unit = known[0].unit if known else Unit.TEXT if is_text else Unit.NUMBER
    whole = all(term.is_whole for term in known) and (unit is not Unit.NUMBER or all(_is_whole(term) for term in terms))
    settled = [_settled(term, unit, whole, node) if isinstance(term, Constant) else term for term in terms]
    return settled if whole else [_as_double(term) for term in settled]


def _is_whole(term: Term | Constant) -> bool:
    if isinstance(term, Term):
        return term.is_whole
    return isinstance(term.value, Decimal) and term.value == term.value.to_integral_value() and abs(term.value) <= LARGEST


def _settled(constant: Constant, unit: Unit, whole: bool, node: exp.Expr) -> Term:
    """A constant in a unit.

    refuses    wrong_unit    a text beside a number, a number beside a date
               bad_rule      not a date, finer than 1e-6 USDT, too large
    """
    value = constant.value
    if isinstance(value, str):
        if unit is Unit.TEXT:
            return Term(unit, exp.Literal.string(value), _always(value))
        if unit in (Unit.DATE, Unit.TIME):
            return _moment(value, unit, node)
        raise WrongUnit(f"'{plain(node)}' sets the text '{value}' beside {unit}.", "Write numbers without quotes.")
    if unit is Unit.MONEY:
        value *= MICRO
        if value != value.to_integral_value():
            raise BadRule(f"'{plain(node)}': money is kept to 0.000001 USDT, and {constant.value} is finer.", "Round it.")
    elif unit is not Unit.NUMBER:
        raise WrongUnit(f"'{plain(node)}' sets the number {constant.value} beside {unit}.", _HINT_BESIDE.get(unit, ""))
    if abs(value) > LARGEST and (whole or not math.isfinite(float(value))):
        raise BadRule(f"'{plain(node)}': {constant.value} is too large.", "Use a smaller number.")
    if whole:
        return Term(unit, exp.Literal.number(int(value)), _always(int(value)))
    return Term(unit, _double(float(value)), _always(float(value)), is_whole=False)


_HINT_BESIDE = {
    Unit.DATE: "Use a column that counts days, such as days_since_trade, or write a date as '2026-03-01'.",
    Unit.TIME: "Write a time as '2026-03-01 08:00:00' (UTC).",
    Unit.TEXT: "Write texts in quotes.",
}


def _moment(text: str, unit: Unit, node: exp.Expr) -> Term:
    try:
        if unit is Unit.DATE:
            day = date.fromisoformat(text)
            return Term(unit, exp.cast(exp.Literal.string(day.isoformat()), "date"), _always(day))
        at = datetime.fromisoformat(text)
    except ValueError as bad:
        raise BadRule(f"'{plain(node)}': '{text}' is not {unit}.", _HINT_BESIDE[unit]) from bad
    at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at  # times in the lake are UTC and have no zone
    return Term(unit, exp.cast(exp.Literal.string(at.isoformat(" ")), "timestamp"), _always(at))


def _unit_of_product(sign: type[exp.Expr], left: Unit, right: Unit, node: exp.Expr) -> Unit:
    if left is Unit.NUMBER and right is Unit.NUMBER:
        return Unit.NUMBER
    if left is Unit.MONEY and right is Unit.MONEY and sign is exp.Div:
        return Unit.NUMBER
    if (left, right) == (Unit.MONEY, Unit.NUMBER) or (sign, left, right) == (exp.Mul, Unit.NUMBER, Unit.MONEY):
        return Unit.MONEY
    verb = "divides" if sign is exp.Div else "multiplies"
    raise WrongUnit(
        f"'{plain(node)}' {verb} {left} by {right}.",
        "Money may be divided by money (a ratio) or by a number, and multiplied by a number.",
    )


def _folded(sign: type[exp.Expr], left: Constant, right: Constant, node: exp.Expr) -> Constant:
    if isinstance(left.value, str) or isinstance(right.value, str):
        raise WrongUnit(f"'{plain(node)}' computes with a text.", "Write numbers without quotes.")
    try:
        return Constant(COMPUTED[sign](left.value, right.value))
    except ArithmeticError as impossible:
        raise BadRule(f"'{plain(node)}' cannot be computed.", "Look for a number that is too large.") from impossible


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as bad:
        raise BadRule(f"'{text}' is not a number.", "Write numbers as 1000 or 0.25.") from bad


def _as_double(term: Term) -> Term:
    if not term.is_whole:
        return term
    if isinstance(term.tree, exp.Literal | exp.Neg):
        return Term(term.unit, _double(float(term.tree.sql())), _lifted(float, term.value), is_whole=False)
    return Term(term.unit, exp.cast(term.tree, "double"), _lifted(float, term.value), is_whole=False)


def _double(value: float) -> exp.Expr:
    """A literal that every engine reads as DOUBLE: without an exponent, 0.2 would be a DECIMAL."""
    text = repr(abs(value)).removesuffix(".0")
    literal = exp.Literal(this=text if "e" in text else f"{text}e0", is_string=False)
    return exp.Neg(this=literal) if value < 0 else literal


# --- values in Python


def _quotient(dividend: Any, divisor: Any) -> Any:
    return dividend / divisor if divisor else None


COMPARED: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
COMPUTED: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: _quotient,
}

CHOSEN: dict[type[exp.Expr], Callable[[list[Any]], Any]] = {
    exp.Greatest: lambda found: max(found, key=_rank, default=None),
    exp.Least: lambda found: min(found, key=_rank, default=None),
    exp.Coalesce: lambda found: found[0] if found else None,
}


def _seen(row: Row, name: str) -> Any:
    if name not in row:
        raise unknown_column(name, row)
    return row[name]


def _always(value: Any) -> Value:
    return lambda row: value


def _lifted(function: Callable[..., Any], *values: Value) -> Value:
    """`function` of the values, or null as soon as one of them is."""

    def lifted(row: Row) -> Any:
        seen = []
        for value in values:
            found = value(row)
            if found is None:
                return None
            seen.append(found)
        return function(*seen)

    return lifted


def _decided(values: Sequence[Value], row: Row, *, settles: bool) -> bool | None:
    """One `settles` decides (false for and, true for or); else null if anything is null; else the other."""
    answer: bool | None = not settles
    for value in values:
        held: bool | None = value(row)
        if held is settles:
            return settles
        if held is None:
            answer = None
    return answer


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: bool(compare(_rank(left), _rank(right)))


def _rank(value: Any) -> tuple[int, Any]:
    is_nan = isinstance(value, float) and math.isnan(value)
    return (1, 0) if is_nan else (0, value)  # SQL puts NaN last, equal to itself


# --- trees


def plain(node: exp.Expr) -> str:
    """SQL text in the house's lower case, texts in quotes left as they are."""
    return re.sub(
        r"'(?:[^']|'')*'|[A-Z]+", lambda found: found[0] if found[0][0] == "'" else found[0].lower(), node.sql("duckdb")
    )


def _side(tree: exp.Expr) -> exp.Expr:
    """A side of a comparison: arithmetic binds tighter than the comparison, another comparison does not."""
    return exp.Paren(this=tree) if isinstance(tree, exp.Predicate | exp.Connector | exp.Not) else tree


def _wrapped(tree: exp.Expr) -> exp.Expr:
    """A part of something that may bind tighter than the part does."""
    return exp.Paren(this=tree) if isinstance(tree, exp.Binary | exp.Not | exp.Between | exp.In | exp.Neg) else tree


def _only(node: exp.Expr, *known: str) -> exp.Expr:
    """The node, if it says nothing but these of its arguments: an unknown one would be lost when the tree is rebuilt."""
    if any(value for name, value in node.args.items() if name not in known):
        raise _not_said(node)
    return node


def _not_said(node: exp.Expr) -> BadRule:
    return BadRule(
        f"'{plain(node)}' is more than a rule can say.",
        "A rule has column names, numbers, texts in quotes, true and false; = <> < <= > >=, in (…), between, is null, "
        "is not null; and, or, not; + - * /; greatest, least, coalesce.",
    )
