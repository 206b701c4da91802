"""A rule: a sentence over columns that is true, false or unknown for a row, the same in SQL and in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from springtide.analytics.rules.errors import BadRule
from springtide.analytics.rules.terms import WHOLE_TYPES, Leaf, Reader, Row, Term, Word, plain
from springtide.kernel.money import usdt

LONGEST = 4000


@dataclass(frozen=True)
class Comparison:
    """One comparison of a rule as it came out for a row. `seen`: column and value; money as Decimal USDT."""

    text: str
    holds: bool | None
    seen: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        answer = {True: "yes", False: "no", None: "unknown"}[self.holds]
        return f"{self.text}: {answer} ({', '.join(f'{name} is {_said(value)}' for name, value in self.seen)})"


@dataclass(frozen=True)
class Why:
    """Why a rule holds for a row or does not: its comparisons in the order of the text."""

    rule: str
    holds: bool | None
    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.comparisons)) or f"{self.rule}: for every user"


@dataclass(frozen=True)
class Rule:
    """A checked rule. `columns`: those it needs, in the order of the text. Made by `Rule.parse`."""

    text: str
    columns: tuple[str, ...]
    _term: Term = field(repr=False, compare=False)
    _leaves: tuple[Leaf, ...] = field(repr=False, compare=False)
    _money: frozenset[str] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, columns: Mapping[str, str], words: Mapping[str, Word] | None = None) -> Rule:
        """The rule that `text` says, over `columns` (name → type as in an engine's Schema).

        `words`: what else may stand where a column may, such as segment('vips'); each gives a column that the caller brings.

        refuses    bad_rule          it cannot be read, or says more than a rule can say
                   wrong_unit        unlike things stand side by side
                   unknown_column    there is no such column
        """
        text = text.strip()
        reader = Reader(columns, words or {})
        try:
            term = reader.truth(_tree(text))
        except RecursionError as deep:
            raise BadRule("The rule is nested too deeply.", "Split it, or use in (…) for a list of values.") from deep
        money = frozenset(name for name in reader.needed if name.endswith("_usdt") and columns.get(name) in WHOLE_TYPES)
        return cls(text, tuple(reader.needed), term, tuple(reader.leaves), money)

    @property
    def is_always_true(self) -> bool:
        """True of the rule `true`, which takes everybody."""
        return isinstance(self._term.tree, exp.Boolean) and bool(self._term.tree.this)

    def condition(self) -> exp.Expr:
        """The rule as a tree to build a query from; money in it is already in 1e-6 USDT."""
        return self._term.tree.copy()

    def sql(self) -> str:
        """The rule as an expression in the engine's dialect."""
        return plain(self._term.tree)

    def holds(self, row: Row) -> bool | None:
        """True, false, or None where SQL would say NULL; `row` has the values as the lake keeps them (money in 1e-6 USDT)."""
        held: bool | None = self._term.value(row)
        return held

    def why(self, row: Row) -> Why:
        """What the rule's comparisons saw in `row`."""
        comparisons = (
            Comparison(leaf.text, leaf.value(row), tuple((name, self._shown(name, row[name])) for name in leaf.columns))
            for leaf in self._leaves
        )
        return Why(self.text, self.holds(row), tuple(comparisons))

    def _shown(self, name: str, value: Any) -> Any:
        return usdt(value) if name in self._money and value is not None else value


def _tree(text: str) -> exp.Expr:
    if len(text) > LONGEST:
        raise BadRule(f"The rule has {len(text)} characters; at most {LONGEST} are read.", "Split it into several.")
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except ParseError as bad:
        raise BadRule(f"The rule '{text}' cannot be read.", _where(bad.errors[0] if bad.errors else {})) from bad
    except SqlglotError as bad:
        raise BadRule(f"The rule '{text}' cannot be read.", "Look for a quote that is not closed.") from bad
    if len(trees) != 1 or trees[0] is None:
        raise BadRule(f"'{text}' is not one rule.", "Write one condition, such as 'tenure_days <= 7'; 'true' takes everybody.")
    return trees[0]


def _where(error: Mapping[str, Any]) -> str:
    near = str(error.get("highlight") or "").strip()
    return f"Look near '{near}' (character {error['col']})." if near and error.get("col") else "Look at its end."


def _said(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value.normalize():f} USDT" if isinstance(value, Decimal) else str(value)
