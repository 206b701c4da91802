"""The restricted SQL in which definitions are written, and the linter that holds it.

One text must mean the same on DuckDB and on Spark. The rules (`refusals.py`) keep out what the two were seen to read
differently, most of it silently; `translation.py` takes care of what can be made equal. A rule judges by the tree and by the
names; the conformance tests check the rest.

A finding that is meant is marked on its line, or on a line of its own before it, with the rule and the reason:

    stddev_samp(w.log_return) as spread  -- allow float_sum: thirty numbers, and the regime has wide edges
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from springtide.analytics.engine.query import Query, line_of, plain
from springtide.analytics.engine.refusals import CHECKS, FUNCTIONS, Rule

__all__ = ["Finding", "Rule", "dialect_page", "explain_functions", "explain_rules", "lint"]

ONE_QUERY = Rule(
    "one_query",
    refuses="text that is not exactly one query: several statements, writing, settings, what the parser cannot read",
    why="A definition says what a table means; making it is Python's part.",
    instead="Write one select, with its steps as `with` tables.",
    wrong="create table busy as select user_no from user_days",
    right="select user_no from user_days",
)
BOUND = Rule(
    "bound",
    refuses="parameters other than `$name`: `?`, `$1`, `:name`, and braces, which are what an f-string leaves behind",
    why="A value pasted into the text can be read as SQL, and a text that changes with its values has another content hash "
    "each day.",
    instead="Write `$name` and pass the value beside the text.",
    wrong="select user_no from user_days where day = '{day}'",
    right="select user_no from user_days where day = $day",
)
MARK = Rule(
    "mark",
    refuses="`-- allow rule: reason` with an unknown rule, without a reason, or where nothing breaks the rule",
    why="A mark that says nothing, or outlives what it excused, hides the next mistake.",
    instead="Name a rule of this page and say why; delete a mark that is no longer needed.",
    wrong="select user_no from users -- allow float_sum: there is no sum",
    right="select stddev_samp(log_return) as spread from steps -- allow float_sum: thirty numbers and wide edges",
)


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule: `line` counts from 1, `text` is the expression, `hint` what to write instead."""

    rule: str
    line: int
    text: str
    hint: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.rule}: {self.text}\n    {self.hint}"


def lint(sql: str, types: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """What breaks the rules in one definition, by line; empty when it keeps them all.

    `types` names the stored type of columns whose names do not tell it ("integer", "double", "timestamp", …).
    """
    unbound = tuple(Finding(BOUND.key, line, text, BOUND.instead) for line, text in _unbound(sql))
    if unbound:
        return unbound
    try:
        trees = sqlglot.parse(sql, dialect=DuckDB)
    except SqlglotError as unread:
        return (Finding(ONE_QUERY.key, *_where(unread), ONE_QUERY.instead),)
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return (Finding(ONE_QUERY.key, 1, sql.strip().split("\n")[0][:100], ONE_QUERY.instead),)
    query = Query(sql, trees[0], types or {})
    # A set: two parts of one rule may meet at one place.
    found = {Finding(rule.key, query.line(node), plain(node), rule.instead) for rule, find in CHECKS for node in find(query)}
    return tuple(sorted(_unmarked(sql, found), key=lambda finding: (finding.line, finding.rule, finding.text)))


def explain_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the reference page."""
    return (ONE_QUERY, BOUND, *(rule for rule, _ in CHECKS), MARK)


def explain_functions() -> Mapping[str, str]:
    """The functions that were seen to agree, by name, with what there is to know about each."""
    return dict(sorted(FUNCTIONS.items()))


def _unbound(sql: str) -> Iterator[tuple[int, str]]:
    try:
        tokens = DuckDB().tokenize(sql)
    except SqlglotError:
        return  # the parser says where
    following = [token.text for token in tokens[1:]] + [""]
    for token, after in zip(tokens, following, strict=True):
        kind = token.token_type.name
        pasted = kind == "STRING" and re.search(r"[{}]", token.text)
        unnamed = kind == "PARAMETER" and not re.match(r"[a-z_]", after)
        if pasted or unnamed or kind in ("L_BRACE", "PLACEHOLDER", "COLON"):
            yield line_of(sql, token.start), token.text


def _where(unread: SqlglotError) -> tuple[int, str]:
    errors = getattr(unread, "errors", None) or [{}]
    return int(errors[0].get("line") or 1), str(errors[0].get("highlight") or unread).strip()[:100]


_MARK = re.compile(r"--\s*allow\s+(?P<rules>[\w ,]+?)\s*(?::\s*(?P<reason>.*?))?\s*$")


def _unmarked(sql: str, found: set[Finding]) -> Iterator[Finding]:
    """The findings that no mark excuses, and the marks that excuse nothing."""
    lines = sql.split("\n")
    excused: set[Finding] = set()
    for number, line in enumerate(lines, 1):
        mark = _MARK.search(line)
        if mark is None:
            continue
        place = number
        if line.strip().startswith("--"):
            place = next((n for n, text in enumerate(lines[number:], number + 1) if text.strip()), number)
        for key in re.split(r"[ ,]+", mark["rules"]):
            meant = {finding for finding in found if finding.rule == key and finding.line == place}
            if meant and mark["reason"]:
                excused |= meant
            else:
                yield Finding(MARK.key, number, line.strip()[:100], MARK.instead)
    yield from found - excused


def dialect_page() -> str:
    """The reference page of the dialect, made from its rules."""
    lines = [
        "# The SQL of definitions",
        "",
        "<!-- Made from springtide/analytics/engine; do not edit. -->",
        "",
        "A definition is a `.sql` file in DuckDB's dialect, without what DuckDB and Spark read differently. `lint` checks it,",
        "`transpile` turns it into Spark's SQL, and the conformance tests run every definition on both: whole numbers,",
        "decimals and dates must be equal, doubles to 1e-12. A test shows for each rule the difference that it keeps out.",
        "",
        "A finding that is meant is marked on its line, or on a line of its own before it: `-- allow rule: reason`.",
        "",
        "## Rules",
        "",
        *(f"- [{rule.key}](#{rule.key}): {rule.refuses}" for rule in explain_rules()),
    ]
    for rule in explain_rules():
        lines += ["", f"### {rule.key}", "", f"Refused: {rule.refuses}.", "", rule.why, "", rule.instead, "", "```sql"]
        lines += ["-- refused", rule.wrong, "-- taken", rule.right, "```"]
    lines += [
        "",
        "## Functions",
        "",
        "Only these are taken, besides operators and clauses.",
        "",
        "| function | to know |",
        "| --- | --- |",
    ]
    lines += [f"| `{name}` | {about} |" for name, about in explain_functions().items()]
    return "\n".join(lines) + "\n"
