"""Reading a statement before anything runs it: one query, over the console's tables, with what `functions` names.

This is the first of three doors. DuckDB's own parser reads the statement again in the child (`child.py`), so that a text which two
parsers understand differently gains nothing; and the child can reach no file but those of the tables named here (`sandbox.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from springtide.home.sql.functions import BOUNDED, FUNCTIONS, MOST_GENERATED
from springtide.kernel.errors import BadInput, UnknownName, suggest

LONGEST: Final = 20_000  # characters
DEEPEST: Final = 60  # parentheses within parentheses
_PLAIN_NAME: Final = re.compile(r"[^\W\d]\w{0,63}")


def _classes(names: str) -> tuple[type[exp.Expr], ...]:
    return tuple(getattr(exp, name) for name in names.split())


_STEPS: Final = _classes(
    "Select With CTE From Join Lateral Table TableAlias Identifier Column Dot Where Group Having Qualify Order Ordered Limit Offset Fetch "
    "Distinct Union Except Intersect Subquery Values Tuple Alias Aliases Star Window WindowSpec Filter IgnoreNulls RespectNulls Literal "
    "Boolean Null Interval Var DataType DataTypeParam And Or Not EQ NEQ LT LTE GT GTE NullSafeEQ NullSafeNEQ Is In Between Like ILike "
    "SimilarTo RegexpLike Exists Paren Neg Add Sub Mul Div IntDiv Mod Pow BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift "
    "BitwiseRightShift DPipe GroupingSets Cube Rollup WithinGroup Array Struct PropertyEQ Slice Bracket Any All AtTimeZone Cast TryCast "
    "Case If Escape Glob Unnest Explode JSONPath JSONPathRoot JSONPathKey JSONPathSubscript"
)
# Functions that sqlglot knows by a name that DuckDB has not.
_KNOWN_AS: Final = _classes(
    "TimestampTrunc DateTrunc TimeToStr StrToTime GroupConcat StrPosition ArgMax ArgMin PercentileCont PercentileDisc Quantile "
    "ApproxDistinct ApproxQuantile LogicalAnd LogicalOr ArrayAgg ArraySize ArrayContains Explode Unnest GenerateSeries Extract "
    "Stddev StddevPop StddevSamp Variance VariancePop Split SplitPart StartsWith EndsWith RegexpLike RegexpExtract RegexpReplace "
    "RegexpFullMatch JSONExtract JSONExtractScalar CountIf Coalesce Substring DateAdd DateSub DateDiff TsOrDsAdd MakeInterval Interval "
    "BitwiseAndAgg BitwiseOrAgg BitwiseXorAgg BitwiseCount Contains DayOfWeek DayOfWeekIso DayOfYear DateFromParts UnixToTime Concat "
    "ConcatWs Ceil TimeToUnix Length CurrentDate"
)
_TYPE_NAMES = (
    "BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT FLOAT DOUBLE DECIMAL VARCHAR TEXT CHAR DATE TIME "
    "TIMESTAMP TIMESTAMPNTZ INTERVAL JSON"
)
_TYPES: Final = frozenset(_TYPE_NAMES.split())


@dataclass(frozen=True)
class Statement:
    """A statement that was read: its text as it will run, and the tables that it names, by name."""

    text: str
    tables: tuple[str, ...]


def read_statement(text: str, tables: Collection[str]) -> Statement:
    """The statement in `text`.

    refuses    bad_statement       not exactly one query, too long, too deep, or not SQL
               unknown_table       a table that the console has not
               not_in_console      a function, a type or a construct that the console does not run
    """
    text = text.strip().rstrip(";").strip()
    tree = _parsed(text)
    named: set[str] = set()
    try:
        _visit(tree, frozenset(), tables, named)
    except RecursionError as deep:
        raise _bad("It is nested too deeply.", "Take steps out into `with` tables.") from deep
    return Statement(text, tuple(sorted(named)))


def _parsed(text: str) -> exp.Query:
    if not text:
        raise _bad("There is no statement.", "Write one, such as: select * from users limit 10")
    if len(text) > LONGEST or "\0" in text:
        raise _bad(f"The statement has {len(text):,} characters.", f"At most {LONGEST:,}, and none of them a null.")
    try:
        _refuse_deep(text)
        trees = sqlglot.parse(text, dialect=DuckDB)
    except RecursionError as deep:
        raise _bad("It is nested too deeply.", "Take steps out into `with` tables.") from deep
    except SqlglotError as unread:
        said = (getattr(unread, "errors", None) or [{}])[0]
        where = f"line {said['line']}, near '{said.get('highlight') or ''}'" if said.get("line") else "the statement"
        raise _bad(f"This cannot be read as SQL: {where}.", "Look for a missing comma, quote or parenthesis there.") from unread
    if len(trees) != 1:
        raise _bad(f"There are {len(trees)} statements.", "Run them one at a time.")
    [tree] = trees
    if not isinstance(tree, exp.Query) or isinstance(tree, exp.Table):
        raise _bad("This is not a query.", "Begin with `select` or `with`; the console reads and never writes or sets.")
    return tree


def _refuse_deep(text: str) -> None:
    """Parsers take time that grows without bound with the depth of a statement: it is looked at before any reads it."""
    depth = 0
    for token in DuckDB().tokenize(text):
        if token.text in ("(", "[", "{"):
            depth += 1
        elif token.text in (")", "]", "}"):
            depth -= 1
        if depth > DEEPEST:
            raise _bad(f"Parentheses are nested more than {DEEPEST} deep.", "Take steps out into `with` tables.")


def _visit(node: exp.Expr, steps: frozenset[str], tables: Collection[str], named: set[str]) -> None:
    """Walk the tree with the names of the `with` tables that are in scope; the console's tables that are read go into `named`."""
    _refuse_closed(node)
    if isinstance(node, exp.Table):
        _table(node, steps, tables, named)
    children: Iterator[exp.Expr] = node.iter_expressions()
    with_ = node.args.get("with_")
    if isinstance(with_, exp.With):
        _refuse_closed(with_)
        for cte in with_.expressions:
            name = _plain(cte.alias)
            _visit(cte, steps | {name} if with_.args.get("recursive") else steps, tables, named)
            steps = steps | {name}
        children = (child for child in children if child is not with_)
    for child in children:
        _visit(child, steps, tables, named)


def _table(node: exp.Table, steps: frozenset[str], tables: Collection[str], named: set[str]) -> None:
    if isinstance(node.this, exp.Func):  # a function in FROM; it is judged as a function
        if node.args.get("db") or not isinstance(node.this, exp.Unnest | exp.Explode | exp.GenerateSeries):
            called = node.this.name if isinstance(node.this, exp.Anonymous) else node.this.sql_names()[0].lower()
            raise _not_in_console(f"the table function {called.lower()}")
        return
    if node.args.get("db") or node.args.get("catalog"):
        raise _not_in_console(f"another schema ({node.sql(DuckDB, comments=False)})")
    name = node.name.lower()
    if name in steps:
        return
    if name not in tables:
        raise UnknownName(f"The console has no table '{node.name}'.", suggest(name, tables), code="unknown_table")
    named.add(name)


def _refuse_closed(node: exp.Expr) -> None:
    if isinstance(node, exp.Func) and not isinstance(node, _STEPS):
        if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
            name = str(node.name).lower()
            is_known = name in FUNCTIONS
        else:
            name = node.sql_names()[0].lower()
            is_known = isinstance(node, _KNOWN_AS) or not FUNCTIONS.isdisjoint(one.lower() for one in node.sql_names())
        if not is_known:
            raise _not_in_console(f"the function {name}", suggest(name, FUNCTIONS))
        if isinstance(node, exp.GenerateSeries) or name in BOUNDED:
            _refuse_unbounded(node)
    elif isinstance(node, exp.DataType):
        if node.this.name not in _TYPES:
            raise _not_in_console(f"the type {node.sql(DuckDB).lower()}")
    elif not isinstance(node, (*_STEPS, exp.Func)):
        raise _not_in_console(f"`{node.sql(DuckDB, comments=False)[:60]}`")
    elif isinstance(node, exp.Column) and node.args.get("catalog"):
        raise _not_in_console(f"another catalog ({node.sql(DuckDB)})")


def _refuse_unbounded(node: exp.Func) -> None:
    """A series must say how long it is: whole numbers, written out."""
    parts = node.expressions or [node.args[name] for name in ("start", "end", "step") if node.args.get(name) is not None]
    try:
        numbers = [int(part.sql(DuckDB)) for part in parts]
    except ValueError:
        raise _not_in_console(
            "a series whose length is not written out",
            "Write whole numbers: range(30). Days stand in market_days and user_days.",
        ) from None
    if not 1 <= len(numbers) <= 3 or series_length(numbers) > MOST_GENERATED:
        raise _not_in_console(f"a series of more than {MOST_GENERATED:,} numbers", "Make a shorter one.")


def series_length(numbers: list[int]) -> int:
    """How many steps a series of these numbers makes; a step of nothing never ends."""
    start, stop, step = (0, numbers[0], 1) if len(numbers) == 1 else (*numbers, 1)[:3]
    return abs(stop - start) // abs(step) if step else MOST_GENERATED + 1


def _plain(name: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        raise _not_in_console(f"the name '{name[:60]}'", "Name steps with letters, digits and underscores.")
    return name.lower()


def _bad(message: str, hint: str) -> BadInput:
    return BadInput(message, hint, code="bad_statement")


def _not_in_console(what: str, hint: str = "") -> BadInput:
    hint = hint or "The console runs one query over its own tables; the page on SQL lists what it may use."
    return BadInput(f"The console does not run {what}.", hint, code="not_in_console")
