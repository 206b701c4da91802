"""Rules in a person's words, piece by piece, with their numbers as a form can offer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext_lazy

from springtide.analytics.rules import Piece, pieces, with_numbers
from springtide.desk import words
from springtide.desk.builder import COLUMN_OPS
from springtide.desk.words import Labels, Word

WORDS: Mapping[str, Word] = {
    **COLUMN_OPS,
    "and": gettext_lazy("and"),
    "or": gettext_lazy("or"),
    "not": gettext_lazy("not"),
    "not in": gettext_lazy("is none of"),
    "true": gettext_lazy("everybody who is left"),
    "false": gettext_lazy("nobody"),
    "greatest": gettext_lazy("the highest of"),
    "least": gettext_lazy("the lowest of"),
    "coalesce": gettext_lazy("the first known of"),
    "/": "÷",
    "*": "×",
}
UNITS: Mapping[str, Word] = {"usdt": "USDT", "days": "", "ratio": "%", "": ""}


@dataclass(frozen=True)
class Said:
    """A piece of a rule in words; `edge` is the number's place among the numbers of the rule, where it is one."""

    text: str
    edge: int | None = None
    unit: str = ""


def said(rule: str, labels: Labels) -> tuple[Said, ...]:
    """A rule's text in words, strata by their names. A share is said in per cent, as a form takes it back."""
    told: list[Said] = []
    found = pieces(rule)
    edges = 0
    for place, piece in enumerate(found):
        match piece.kind:
            case "number":
                told.append(Said(_shown(piece), edges, str(UNITS[piece.unit])))
                edges += 1
            case "column":
                told.append(
                    Said(labels.stratification(piece.text) if piece.text in labels.by_key else words.column(piece.text))
                )
                if _stands_alone(found, place):
                    told.append(Said(str(WORDS["is true"])))
            case "text":
                is_stratum = piece.column in labels.by_key
                named = labels.stratum(piece.column, piece.text) if is_stratum else words.value(piece.column, piece.text)
                told.append(Said(f"“{named}”"))
            case _:
                told.append(Said(str(WORDS.get(piece.text, piece.text))))
    return tuple(told)


def in_words(rule: str, labels: Labels) -> str:
    """A rule's text as a line."""
    told = " ".join(each.text if each.edge is None else _figure(each) for each in said(rule, labels))
    return told.replace("( ", "(").replace(" )", ")").replace(" ,", ",")


def _figure(number: Said) -> str:
    """A number to read: grouped, with its unit beside it."""
    return f"{Decimal(number.text):,f}" + (f"\u00a0{number.unit}" if number.unit else "")


def with_edges(rule: str, given: Sequence[str]) -> str:
    """A rule's text with the numbers that a form sends back; shares come in per cent.

    refuses    bad_rule    one of them is no number
    """
    edges = [piece for piece in pieces(rule) if piece.kind == "number"]
    return with_numbers(rule, [_read(text, edge) for text, edge in zip(given, edges, strict=False)])


def _stands_alone(found: Sequence[Piece], place: int) -> bool:
    """True of a yes-or-no column that is compared with nothing."""
    near = [piece.text for piece in (*found[:place][-1:], *found[place + 1 :][:1])]
    return found[place].text.startswith(("is_", "has_")) and all(text in ("and", "or", "not", "(", ")") for text in near)


def _shown(piece: Piece) -> str:
    return f"{(Decimal(piece.text) * 100).normalize():f}" if piece.unit == "ratio" else piece.text


def _read(text: str, edge: Piece) -> str:
    if edge.unit != "ratio":
        return text
    try:
        return f"{Decimal(text.strip()) / 100:f}"
    except InvalidOperation:
        return text  # refused by name, as any other number that is none
