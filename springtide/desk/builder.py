"""The builder of segments: rows of a form ⇄ the tree that a segment's text says. What rows cannot show stays text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from springtide.analytics.segments import COLUMNS
from springtide.analytics.segments.tree import OPS, Node
from springtide.desk.words import Word

MOST_ROWS = 12
KINDS: Mapping[str, Word] = {
    "column": gettext_lazy("profile or stratum"),
    "times": gettext_lazy("did something"),
    "then_not": gettext_lazy("did one thing, then not another"),
    "segment": gettext_lazy("is in a segment"),
    "in_list": gettext_lazy("is on a list"),
    "tagged": gettext_lazy("carries a tag"),
    "suppressed": gettext_lazy("is suppressed by a list"),
}
COLUMN_OPS: Mapping[str, Word] = {
    "=": gettext_lazy("is"),
    "<>": gettext_lazy("is not"),
    ">=": gettext_lazy("at least"),
    "<=": gettext_lazy("at most"),
    ">": gettext_lazy("more than"),
    "<": gettext_lazy("less than"),
    "in": gettext_lazy("is one of"),
    "between": gettext_lazy("is between"),
    "is null": gettext_lazy("is not known"),
    "is not null": gettext_lazy("is known"),
    "is true": gettext_lazy("holds"),
}
_NUMBERS = ("integer", "bigint", "smallint", "double")


@dataclass(frozen=True)
class Row:
    """One line of the builder. Which fields count, its kind says."""

    kind: str = "column"
    column: str = "lifecycle"
    op: str = "="
    value: str = ""
    event: str = "traded_spot"
    then: str = "traded_spot"
    days: str = "30"
    within: str = "7"
    key: str = ""
    is_not: bool = False

    def node(self) -> Node:
        """The row as a node of the tree."""
        match self.kind:
            case "times":
                node: Node = {
                    "times": self.event,
                    "days": _number(self.days),
                    "op": self.op,
                    "value": _number(self.value or "1"),
                }
            case "then_not":
                node = {"then_not": [self.event, self.then], "within_days": _number(self.within), "days": _number(self.days)}
            case "column":
                node = {"column": self.column, "op": self.op, **self._valued()}
            case _:
                node = {self.kind: self.key}
        return {"not": node} if self.is_not else node

    def _valued(self) -> Node:
        if self.op in ("is null", "is not null", "is true"):
            return {}
        read = _number if COLUMNS.get(self.column, "varchar") in _NUMBERS else str.strip
        if self.op in ("in", "between"):
            return {"value": [read(part) for part in self.value.split(",") if part.strip()]}
        return {"value": read(self.value)}


@dataclass(frozen=True)
class Build:
    """All rows, and whether all of them must hold or any."""

    join: str = "all"
    rows: tuple[Row, ...] = (Row(),)

    @classmethod
    def read(cls, said: Mapping[str, str]) -> Build:
        """The rows that a form sends: `row-0-kind`, `row-0-column` …; `add` adds one, `drop` takes one away."""
        rows = []
        for n in range(MOST_ROWS):
            if f"row-{n}-kind" not in said:
                break
            told = {name: said[at] for name in Row.__dataclass_fields__ if (at := f"row-{n}-{name}") in said}
            row = Row(**{**told, "is_not": told.get("is_not") == "1"})  # type: ignore[arg-type]
            rows.append(row if row.kind in KINDS else Row())
        drop = said.get("drop", "")
        if drop.isascii() and drop.isdigit() and int(drop) < len(rows) and len(rows) > 1:
            del rows[int(drop)]
        if "add" in said and len(rows) < MOST_ROWS:
            rows.append(Row())
        return cls("any" if said.get("join") == "any" else "all", tuple(rows) or (Row(),))

    @classmethod
    def of(cls, tree: Node) -> Build | None:
        """The rows that say a tree; None where it says more than rows can."""
        join = next((word for word in ("all", "any") if word in tree), None)
        rows = [_row(node) for node in (tree[join] if join else [tree])]
        return None if None in rows or len(rows) > MOST_ROWS else cls(join or "all", tuple(row for row in rows if row))

    def tree(self) -> Node:
        nodes = [row.node() for row in self.rows]
        return nodes[0] if len(nodes) == 1 else {self.join: nodes}


def _row(node: Node) -> Row | None:
    if "not" in node:
        inner = _row(node["not"])
        return None if inner is None or inner.is_not else Row(**{**vars(inner), "is_not": True})
    if "column" in node:
        value = node.get("value", "")
        text = ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)
        return Row(column=node["column"], op=node["op"], value=text) if node["op"] in COLUMN_OPS else None
    if "times" in node and node["op"] in OPS and "since" not in node and "until" not in node:
        return Row("times", event=node["times"], op=node["op"], value=_text(node["value"]), days=_text(node.get("days", "")))
    if "then_not" in node and "since" not in node and "until" not in node:
        event, then = node["then_not"]
        return Row(
            "then_not", event=event, then=then, within=_text(node.get("within_days", "")), days=_text(node.get("days", ""))
        )
    for kind in ("segment", "in_list", "tagged", "suppressed"):
        if kind in node:
            return Row(kind, key=node[kind])
    return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> int | float | str:
    """A number as it was typed; what is none stays text, and is refused where a number is needed."""
    text = text.strip()
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
