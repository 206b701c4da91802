"""A segment: a saved filter over users, as text or as a checked select. Segments may overlap, and may name one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.rules import Rule, Why
from springtide.analytics.segments.words import COUNTED, ONCE, REWARDED, Known, Listed, Nested, Term, ThenNot, Times, Words
from springtide.analytics.strata import KEYS
from springtide.kernel.errors import BadInput
from springtide.kernel.ids import content_hash

COLUMNS: Mapping[str, str] = {**PROFILE_TYPES, **dict.fromkeys(KEYS, "varchar")}


class SegmentCircle(BadInput):
    """A segment that refers to itself, perhaps through others; the message shows the circle, `keys` who is in it."""

    default_code = "segment_circle"
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A text that takes users or leaves them. `columns`: the profile columns and strata it needs; `terms`: its words."""

    text: str
    rule: Rule = field(repr=False)
    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str, known: Known) -> Condition:
        """The condition that a text says.

        refuses    bad_rule, wrong_unit, unknown_column, unknown_word, unknown_segment, unknown_list, unknown_event …
        """
        words = Words(known)
        rule = Rule.parse(text, COLUMNS, words.as_mapping())
        return cls(rule.text, rule, tuple(words.terms))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.rule.columns if name in COLUMNS)

    @property
    def nested(self) -> tuple[str, ...]:
        """The segments it names."""
        return tuple(term.key for term in self.terms if isinstance(term, Nested))

    def sql(self) -> str:
        """True for who is taken, false for everybody else: what is not known takes nobody."""
        return f"coalesce({self.rule.sql()}, false)"

    def why(self, row: Mapping[str, Any]) -> Why:
        """How its comparisons came out for a user's row, words beside the columns."""
        return self.rule.why(row)


@dataclass(frozen=True)
class Segment:
    """A named group of users. Exactly one of `condition` and `select` says who is in it."""

    key: str
    version: int
    title: str
    about: str = ""
    condition: Condition | None = None
    select: str | None = None  # a checked select of user_id

    @property
    def text(self) -> str:
        return self.condition.text if self.condition else (self.select or "")

    @property
    def hash(self) -> str:
        """Names what the definition decides. Titles decide nothing, nor do line breaks."""
        return content_hash([self.key, "select" if self.select else "text", " ".join(self.text.split())])

    @property
    def nested(self) -> tuple[str, ...]:
        return self.condition.nested if self.condition else ()


def in_order(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments so that each stands after those it names.

    refuses    segment_circle    one refers to itself; the message shows the way round
    """
    by_key = {segment.key: segment for segment in segments}
    done: dict[str, Segment] = {}

    def visit(key: str, way: tuple[str, ...]) -> None:
        if key in way:
            circle = way[way.index(key) :]
            bad = SegmentCircle(
                f"Segment '{key}' refers to itself: {' → '.join((*circle, key))}.", "Take one of these steps out."
            )
            bad.keys = circle
            raise bad
        if key in done or key not in by_key:
            return
        for other in by_key[key].nested:
            visit(other, (*way, key))
        done[key] = by_key[key]

    for key in by_key:
        visit(key, ())
    return tuple(done.values())


def needed_by(segment: Segment, among: Mapping[str, Segment]) -> tuple[Segment, ...]:
    """The segment itself and every segment that it names, however far, each after those it names."""
    found: dict[str, Segment] = {}

    def visit(one: Segment) -> None:
        for key in one.nested:
            if key in among and key not in found:
                visit(among[key])
        found[one.key] = one

    visit(segment)
    return tuple(found.values())


def missing_for(
    terms: Sequence[Term], columns: Iterable[str], *, missing: Mapping[str, str], tables: Iterable[str]
) -> str | None:
    """Why a condition cannot be told: a column that cannot be derived, an event that was never given; null where all is there."""
    for column in columns:
        if column in missing:
            return f"{column}: {missing[column]}"
    for term in terms:
        for event in (
            (term.event,) if isinstance(term, Times) else (term.event, term.other) if isinstance(term, ThenNot) else ()
        ):
            column = (COUNTED.get(event) or ONCE.get(event) or ("", "", ""))[2]
            if column in missing:
                return f"{event}: {missing[column]}"
            table = "reward_entries" if event == REWARDED else "events" if not column else ""
            if table and table not in tables:
                return f"{event}: no {table} was given"
    return None


def lists_of(segments: Iterable[Segment]) -> tuple[Listed, ...]:
    """Every list that one of the segments names."""
    terms = (term for segment in segments if segment.condition for term in segment.condition.terms)
    return tuple(dict.fromkeys(term for term in terms if isinstance(term, Listed)))
