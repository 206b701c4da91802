"""What a definition that waits for approval would change, line by line, against what is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from springtide.analytics import strata
from springtide.analytics.foresight.gates import Gate, gate_of
from springtide.analytics.foresight.matrix import shipped_matrix_body
from springtide.analytics.segments import Strategy, read_strategy
from springtide.analytics.segments.strategy import NAMED, PLAY
from springtide.analytics.strata import Stratification
from springtide.home import Home
from springtide.operations.definitions.reads import in_force, numbered
from springtide.operations.risk.gates import gates_now

RULE: Final = "rule"


@dataclass(frozen=True)
class Line:
    """One line of a readable difference: what changes, from what, to what. `was` is empty where the thing is new.

    `part`: which part of it, by a key that the desk has a word for; of a rule the two sides are rules as they are written.
    """

    what: str
    was: str
    becomes: str
    part: str = ""

    @property
    def is_rule(self) -> bool:
        return self.part == RULE


def of_strata(number: int, language: str) -> tuple[Line, ...]:
    """What the draft of a stratification changes: its rules, its order, its words."""
    draft = numbered(number)
    was = {each.key: each for each in _home().stratifications()}[draft.key]
    becomes = strata.of_content({"key": draft.key, "version": draft.version, **draft.body}, draft.key, name=draft.title)
    return tuple(strata_lines(was, becomes, language))


def of_strategy(number: int, language: str) -> tuple[Line, ...]:
    """What the draft of the strategy changes: what the users of a cell get, and the overrides."""
    home, draft = _home(), numbered(number)
    stratifications = home.stratifications()
    lifecycle = next(each for each in stratifications if each.key == "lifecycle")
    return tuple(strategy_lines(home.strategy(), read_strategy(draft.body, stratifications), lifecycle, language))


def of_gate(number: int, language: str) -> tuple[Line, ...]:
    """What the draft of a gate changes: when it is asked, its clauses, and what it says of what is not known."""
    draft = numbered(number)
    was = {each.key: each for each in gates_now()}[draft.key]
    return tuple(gate_lines(was, gate_of(draft.key, draft.body), language))


def of_matrix(number: int, language: str) -> tuple[Line, ...]:
    """What the draft of the matrix changes: rows that go, rows that come, and the least KYC levels."""
    draft = numbered(number)
    standing = in_force(draft.kind, draft.key)
    return tuple(matrix_lines(standing.body if standing else shipped_matrix_body(), draft.body))


def gate_lines(was: Gate, becomes: Gate, language: str) -> Iterator[Line]:
    """The lines between two versions of one gate."""
    before, after = ({clause.code: clause for clause in each.clauses} for each in (was, becomes))
    for code, clause in (before | after).items():
        old, new = (f"{each[code].verdict}: {each[code].rule.text}" if code in each else "" for each in (before, after))
        if old != new:
            yield Line(clause.says.within(language), old, new, "clause")
    for part, old, new in (
        ("applies", was.applies.text, becomes.applies.text),
        ("unknown", was.unknown, becomes.unknown),
        ("is_cleared_by_decision", *(("no", "yes")[each.is_cleared_by_decision] for each in (was, becomes))),
    ):
        if old != new:
            yield Line(part, old, new)


def matrix_lines(was: Mapping[str, Any], becomes: Mapping[str, Any]) -> Iterator[Line]:
    """The lines between two bodies of the matrix."""
    before, after = ([_row_text(row) for row in each["rows"]] for each in (was, becomes))
    yield from (Line("row", row, "") for row in before if row not in after)
    yield from (Line("row", "", row) for row in after if row not in before)
    for part in ("minimum_kyc", "groups"):
        if (old := str(dict(was.get(part, {})))) != (new := str(dict(becomes.get(part, {})))):
            yield Line(part, old, new)


def _row_text(row: Mapping[str, Any]) -> str:
    said = (f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in row.items())
    return "; ".join(said)


def strata_lines(was: Stratification, becomes: Stratification, language: str) -> Iterator[Line]:
    """The lines between two versions of one stratification."""
    before, after = ({stratum.name: stratum for stratum in each.strata} for each in (was, becomes))
    for name, stratum in after.items():
        label, old = stratum.label.within(language), before.get(name)
        if old is None or old.rule.text != stratum.rule.text:
            yield Line(label, old.rule.text if old else "", stratum.rule.text, RULE)
        if old and old.label != stratum.label:
            yield Line(label, old.label.within(language), label, "label")
        if old and old.about != stratum.about:
            yield Line(label, old.about.within(language), stratum.about.within(language), "about")
    for name, stratum in before.items():
        if name not in after:
            yield Line(stratum.label.within(language), stratum.rule.text, "", RULE)
    orders = [[name for name in each if name in before and name in after] for each in (before, after)]
    if orders[0] != orders[1]:
        yield Line("order", *(" → ".join(after[name].label.within(language) for name in order) for order in orders))
    for part, old_words, words in (("title", was.title, becomes.title), ("question", was.question, becomes.question)):
        if old_words != words:
            yield Line(part, old_words.within(language), words.within(language))


def strategy_lines(was: Strategy, becomes: Strategy, lifecycle: Stratification, language: str) -> Iterator[Line]:
    """The lines between two versions of the strategy; a cell that gets what it got has none."""
    for stratum in lifecycle.strata:
        for tier in becomes.tiers:
            cell = (stratum.name, tier.key)
            label = f"{stratum.label.within(language)} × {tier.label.within(language)}"
            plays = [vars(which.cells[cell]) if cell in which.cells else {} for which in (was, becomes)]
            yield from _play_lines(label, (was, plays[0]), (becomes, plays[1]), language)
    before, after = ({one.key: one for one in each.overrides} for each in (was, becomes))
    for key, either in (before | after).items():
        label, old_one, new_one = either.label.within(language), before.get(key), after.get(key)
        if (old := old_one.when.text if old_one else "") != (new := new_one.when.text if new_one else ""):
            yield Line(label, old, new, RULE)
        if (old := str(old_one.priority) if old_one else "") != (new := str(new_one.priority) if new_one else ""):
            yield Line(label, old, new, "priority")
        changes: list[Mapping[str, Any]] = [one.changes if one else {} for one in (old_one, new_one)]
        yield from _play_lines(label, (was, changes[0]), (becomes, changes[1]), language)


def _play_lines(
    label: str, was: tuple[Strategy, Mapping[str, Any]], becomes: tuple[Strategy, Mapping[str, Any]], language: str
) -> Iterator[Line]:
    for part in PLAY:
        old, new = (_said(which, part, play.get(part), language) for which, play in (was, becomes))
        if old != new:
            yield Line(label, old, new, part)


def _said(strategy: Strategy, part: str, value: object, language: str) -> str:
    """One thing that a play says: by its word, a number as it is, nothing where it does not say it."""
    if value is None:
        return ""
    return strategy.words[part][str(value)].within(language) if part in NAMED else str(value)


def _home() -> Home:
    return Home(Path(settings.SPRINGTIDE_HOME))
