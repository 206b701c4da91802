"""A segment's text as the tree that a screen edits, and back: both say the same, and neither loses what the other cannot show.

    {"all": [node, …]}   {"any": [node, …]}   {"not": node}
    {"column": "lifecycle", "op": "=", "value": "lapsing"}     op: = <> < <= > >=
    {"column": "country", "op": "in", "value": ["SG", "VN"]}   {"column": "equity_usdt", "op": "between", "value": [10, 100]}
    {"column": "vip_level", "op": "is null"}                   also: is not null; "is true" of a yes-or-no column
    {"times": "traded_spot", "days": 30, "op": ">=", "value": 3}
    {"then_not": ["deposited", "traded_spot"], "within_days": 7, "since": "2026-01-01", "until": "2026-03-31"}
    {"segment": "vips"}   {"in_list": "spring"}   {"tagged": "friend"}   {"suppressed": "no_calls"}
    {"text": "equity_usdt / asset_size_usdt < 0.5"}            whatever else a rule can say, as it was written

Money is written in USDT, as in the text. A tree says nothing that a text could not: it is checked as that text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from springtide.analytics.rules import BadRule
from springtide.analytics.rules.terms import plain
from springtide.analytics.segments.words import LISTS
from springtide.kernel.errors import suggest

Node = dict[str, Any]

OPS: Final = ("=", "<>", "<", "<=", ">", ">=")
_BETWEEN_OPS: Final = (*OPS, "in", "between", "is null", "is not null", "is true")
_COMPARED: Final[Mapping[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_SPANS: Final = ("days", "since", "until")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_DEEPEST: Final = 50


def tree_of(text: str) -> Node:
    """The tree of a text. What the tree has no form for stands in it as text; the text need not be right yet.

    refuses    bad_rule    it cannot be read at all
    """
    try:
        trees = sqlglot.parse(text.strip(), dialect="duckdb")
    except SqlglotError as bad:
        raise BadRule(f"The rule '{text}' cannot be read.", "Look for a quote or bracket that is not closed.") from bad
    if len(trees) != 1 or trees[0] is None:
        raise BadRule(f"'{text}' is not one rule.", "Write one condition, such as 'tenure_days <= 7'.")
    return _node(trees[0])


def text_of(tree: Node) -> str:
    """The text of a tree.

    refuses    bad_tree    a node of no known form, or one that holds what it cannot hold; the message shows it
    """
    return _said(tree, 0)


# --- from text


def _node(node: exp.Expr) -> Node:
    match node:
        case exp.Paren():
            return _node(node.this)
        case exp.And():
            return {"all": [_node(part) for part in node.flatten(unnest=False)]}
        case exp.Or():
            return {"any": [_node(part) for part in node.flatten(unnest=False)]}
        case exp.Not(this=exp.Is(this=exp.Column(), expression=exp.Null())):
            return {"column": node.this.this.name, "op": "is not null"}
        case exp.Not():
            return {"not": _node(node.this)}
    return _leaf(node) or {"text": plain(node)}


def _leaf(node: exp.Expr) -> Node | None:
    """The form of a comparison or word, or None where the tree has none."""
    match node:
        case exp.Column() if _is_plain(node):
            return {"column": node.name, "op": "is true"}
        case exp.Is(this=exp.Column(), expression=exp.Null()) if _is_plain(node.this):
            return {"column": node.this.name, "op": "is null"}
        case exp.In(this=exp.Column()) if _is_plain(node.this) and node.expressions:
            values = [_value(each) for each in node.expressions]
            return None if None in values else {"column": node.this.name, "op": "in", "value": values}
        case exp.Between(this=exp.Column()) if _is_plain(node.this):
            low, high = _value(node.args["low"]), _value(node.args["high"])
            return None if low is None or high is None else {"column": node.this.name, "op": "between", "value": [low, high]}
        case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            value = _value(node.expression)
            if value is None:
                return None
            if isinstance(node.this, exp.Column) and _is_plain(node.this):
                return {"column": node.this.name, "op": _COMPARED[type(node)], "value": value}
            counted = _word(node.this)
            return {**counted, "op": _COMPARED[type(node)], "value": value} if counted and "times" in counted else None
        case exp.Anonymous():
            word = _word(node)
            return word if word and "times" not in word else None
    return None


def _word(node: exp.Expr) -> Node | None:
    if not isinstance(node, exp.Anonymous):
        return None
    texts = [one.name for one in node.expressions if isinstance(one, exp.Literal) and one.is_string]
    named = {one.name: _value(one.expression) for one in node.expressions if isinstance(one, exp.Kwarg)}
    name = node.name.lower()
    if len(texts) + len(named) != len(node.expressions) or None in named.values():
        return None
    if name == "times" and len(texts) == 1 and set(named) <= set(_SPANS):
        return {"times": texts[0], **named}
    if name == "then_not" and len(texts) == 2 and set(named) <= {"within_days", *_SPANS}:
        return {"then_not": texts, **named}
    return {name: texts[0]} if name in ("segment", *LISTS) and len(texts) == 1 and not named else None


def _value(node: exp.Expr) -> Any:
    """A value as JSON has it, or None where it is none: numbers keep their digits, so that the text does."""
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Neg):
        inner = _value(node.this)
        return -inner if isinstance(inner, int | float) and not isinstance(inner, bool) else None
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return node.name
    if node.is_int:
        return int(node.name)
    number = float(node.name)
    return number if Decimal(repr(number)) == Decimal(node.name) else None


def _is_plain(node: exp.Column) -> bool:
    return not any(value for part, value in node.args.items() if part != "this") and bool(_NAME.fullmatch(node.name))


# --- to text


def _said(tree: Any, depth: int) -> str:
    if not isinstance(tree, dict):
        raise _bad(tree, "it is no node")
    if depth > _DEEPEST:
        raise _bad(tree, f"it is nested more than {_DEEPEST} deep")
    for kind, say in _FORMS.items():
        if kind in tree:
            return say(tree, depth)
    keys = ", ".join(map(str, tree))
    raise BadRule(f"A node has the keys {keys or 'none'}.", suggest(keys, _FORMS), code="bad_tree")


def _joined(word: str, kind: str) -> Callable[[Node, int], str]:
    def say(tree: Node, depth: int) -> str:
        parts = _only(tree, kind)[kind]
        if not isinstance(parts, list) or not parts:
            raise _bad(tree, f"'{kind}' holds no nodes")
        return f" {word} ".join(_bracketed(part, depth + 1) for part in parts)

    return say


def _bracketed(tree: Any, depth: int) -> str:
    text = _said(tree, depth)
    is_one = isinstance(tree, dict) and not {"all", "any", "text"} & set(tree)
    return text if is_one else f"({text})"


def _denied(tree: Node, depth: int) -> str:
    return f"not {_bracketed(_only(tree, 'not')['not'], depth + 1)}"


def _column(tree: Node, depth: int) -> str:
    name, op = tree["column"], tree.get("op")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _bad(tree, "its column is no name")
    if op not in _BETWEEN_OPS:
        raise BadRule(
            f"'{op}' is no way to compare '{name}'.", f"It can be one of: {', '.join(_BETWEEN_OPS)}.", code="bad_tree"
        )
    if op in ("is null", "is not null", "is true"):
        _only(tree, "column", "op")
        return name if op == "is true" else f"{name} {op}"
    value = _only(tree, "column", "op", "value").get("value")
    if op == "in":
        if not isinstance(value, list) or not value:
            raise _bad(tree, "'in' needs a list of values")
        return f"{name} in ({', '.join(_literal(tree, one) for one in value)})"
    if op == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise _bad(tree, "'between' needs two values")
        return f"{name} between {_literal(tree, value[0])} and {_literal(tree, value[1])}"
    return f"{name} {op} {_literal(tree, value)}"


def _times(tree: Node, depth: int) -> str:
    _only(tree, "times", "op", "value", *_SPANS)
    if tree.get("op") not in OPS:
        raise _bad(tree, f"its op is none of {' '.join(OPS)}")
    named: dict[str, Any] = {name: tree[name] for name in _SPANS if name in tree}
    return f"{_call(tree, 'times', [tree['times']], named)} {tree['op']} {_literal(tree, tree.get('value'))}"


def _then_not(tree: Node, depth: int) -> str:
    _only(tree, "then_not", "within_days", *_SPANS)
    events = tree["then_not"]
    if not isinstance(events, list) or len(events) != 2:
        raise _bad(tree, "'then_not' names two events")
    return _call(tree, "then_not", events, {name: tree[name] for name in ("within_days", *_SPANS) if name in tree})


def _named(word: str) -> Callable[[Node, int], str]:
    return lambda tree, depth: _call(tree, word, [_only(tree, word)[word]], {})


def _call(tree: Node, word: str, texts: list[Any], named: Mapping[str, Any]) -> str:
    if not all(isinstance(text, str) for text in texts):
        raise _bad(tree, f"'{word}' names a text")
    said = [_literal(tree, text) for text in texts] + [f"{name} => {_literal(tree, value)}" for name, value in named.items()]
    return f"{word}({', '.join(said)})"


def _written(tree: Node, depth: int) -> str:
    text = _only(tree, "text")["text"]
    if not isinstance(text, str) or not text.strip():
        raise _bad(tree, "'text' is no text")
    tree_of(text)  # one whole rule: a stray bracket would take in what stands beside it
    return text.strip()


def _literal(tree: Node, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return f"{Decimal(repr(value)):f}"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise _bad(tree, "a value is no text, number, true or false")


def _only(tree: Node, *known: str) -> Node:
    if unknown := next((key for key in tree if key not in known), None):
        raise BadRule(f"A node of '{known[0]}' has the unknown key '{unknown}'.", suggest(str(unknown), known), code="bad_tree")
    return tree


def _bad(tree: Any, why: str) -> BadRule:
    shown = str(tree)
    return BadRule(f"{shown if len(shown) <= 120 else shown[:119] + '…'}: {why}.", "See the forms of a node.", code="bad_tree")


_FORMS: Final[Mapping[str, Callable[[Node, int], str]]] = {
    "all": _joined("and", "all"),
    "any": _joined("or", "any"),
    "not": _denied,
    "column": _column,
    "times": _times,
    "then_not": _then_not,
    **{word: _named(word) for word in ("segment", *LISTS)},
    "text": _written,
}
