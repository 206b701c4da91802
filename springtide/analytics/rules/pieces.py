"""A rule's text in pieces, in the order of reading: a screen says each in words, and offers the numbers for editing.

The text stays what is in force. What is put in a number's place is checked as the whole rule is, by `Rule.parse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from sqlglot import Tokenizer, TokenType
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token

from springtide.analytics.rules.errors import BadRule

Unit = Literal["", "usdt", "days", "ratio"]

_FUNCTIONS: Final = ("greatest", "least", "coalesce")
_ONE_WORD: Final = ("is not", "is null", "is not null", "not in")
_ENDS_A_VALUE: Final = (TokenType.NUMBER, TokenType.VAR, TokenType.R_PAREN)


@dataclass(frozen=True)
class Piece:
    """A column, a number, a text in quotes, or a word of the language of rules.

    `column`: the column that a number or text stands beside, and `unit` what a number is of. `start` and `end` are places in the text.
    """

    kind: Literal["column", "number", "text", "word"]
    text: str
    start: int
    end: int
    column: str = ""
    unit: Unit = ""


def pieces(text: str) -> tuple[Piece, ...]:
    """The pieces of a rule's text. Words that say one thing together, such as `is not null`, are one; so is `coalesce(column, 0)`,
    the column, since nobody means its 0 as an edge.

    refuses    bad_rule    a quote that is not closed
    """
    try:
        tokens = Tokenizer(dialect="duckdb").tokenize(text)
    except SqlglotError as bad:
        raise BadRule(f"The rule '{text}' cannot be read.", "Look for a quote that is not closed.") from bad
    found: list[Piece] = []
    column, is_ratio, is_between, place = "", False, False, 0
    while place < len(tokens):
        token = tokens[place]
        kind, start, end = token.token_type, token.start, token.end + 1
        said = text[start:end].lower()
        if said == "coalesce" and _is_filled(texts := [each.text for each in tokens[place : place + 6]]):
            column = texts[2]
            found.append(Piece("column", column, start, tokens[place + 5].end + 1))
            place += 5
        elif kind is TokenType.NUMBER or (kind is TokenType.DASH and _is_sign(tokens, place)):
            if kind is TokenType.DASH:
                place += 1
                end = tokens[place].end + 1
            found.append(Piece("number", text[start:end], start, end, column, "ratio" if is_ratio else _unit(column)))
        elif kind is TokenType.STRING:
            found.append(Piece("text", token.text, start, end, column))
        elif kind is TokenType.VAR and said not in _FUNCTIONS:
            column = text[start:end]
            found.append(Piece("column", column, start, end))
        else:
            if said in ("and", "or") and not (said == "and" and is_between):
                column, is_ratio = "", False
            is_between = said == "between" or (is_between and said != "and")
            is_ratio = is_ratio or said == "/"
            if found and (joined := f"{found[-1].text} {said}") in _ONE_WORD:
                found[-1] = Piece("word", joined, found[-1].start, end)
            else:
                found.append(Piece("word", said, start, end))
        place += 1
    return tuple(found)


def with_numbers(text: str, given: Sequence[str]) -> str:
    """The rule's text with other numbers in the places of its own, in the order of reading.

    refuses    bad_rule    one of them is no number, or they are not as many
    """
    edges = [piece for piece in pieces(text) if piece.kind == "number"]
    if len(edges) != len(given):
        raise BadRule(f"The rule '{text}' has {len(edges)} numbers, and {len(given)} were given.", "Reload the page.")
    changed = text
    for edge, wanted in reversed(list(zip(edges, given, strict=True))):
        changed = changed[: edge.start] + _number(wanted, edge) + changed[edge.end :]
    return changed


def _is_filled(texts: list[str]) -> bool:
    """True of `coalesce(column, 0)`."""
    return len(texts) == 6 and (texts[1], texts[3], texts[5]) == ("(", ",", ")") and texts[4].isdigit()


def _is_sign(tokens: Sequence[Token], place: int) -> bool:
    """True of a minus that belongs to the number after it, and subtracts from nothing."""
    before, after = tokens[:place][-1:], tokens[place + 1 :][:1]
    subtracts = any(token.token_type in _ENDS_A_VALUE for token in before)
    return not subtracts and any(token.token_type is TokenType.NUMBER for token in after)


def _unit(column: str) -> Unit:
    if column.endswith("_usdt"):
        return "usdt"
    if column.startswith("days_since") or column.endswith("_days"):
        return "days"
    return "ratio" if column.endswith("_ratio") else ""


def _number(wanted: str, edge: Piece) -> str:
    """A number as it was typed, and nothing else than a number; `- -1` with a space, since `--` would begin a comment."""
    try:
        number = Decimal(wanted.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadRule(f"'{wanted}' is not a number; it stands for {edge.text}.", "Write a number, such as 30 or 0.5.")
    if number == Decimal(edge.text):
        return edge.text
    return f" {number:f}" if number < 0 else f"{number:f}"
