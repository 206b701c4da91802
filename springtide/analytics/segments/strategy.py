"""The engagement strategy: for every group of users, lifecycle by value, what is wanted and what they get.

The matrix is a YAML file that ships; a home's own replaces it whole. It is checked: every cell has a row, no cell has two, and where
several overrides hold, the one of the highest priority wins. So every user stands in exactly one cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any, Final

import yaml

from springtide.analytics.rules import Rule
from springtide.analytics.segments.segment import COLUMNS
from springtide.analytics.strata import Stratification, Words
from springtide.kernel.errors import BadInput, SpringtideError, suggest
from springtide.kernel.ids import content_hash

NAMED: Final = ("problem", "playbook", "channel", "offer", "queue")  # what a play says by a word of the file
COUNTED: Final = ("service_hours", "contacts", "per_days")
PLAY: Final = (*NAMED, *COUNTED)


class BadStrategy(BadInput):
    """A matrix that leaves somebody out, says two things of one cell, or names what it does not explain."""

    default_code = "bad_strategy"


@dataclass(frozen=True)
class Play:
    """What the users of a cell get. At most `contacts` in `per_days` days; somebody takes care within `service_hours`."""

    problem: str
    playbook: str
    channel: str
    offer: str
    queue: str
    service_hours: int
    contacts: int
    per_days: int


@dataclass(frozen=True)
class Tier:
    """A group of strata of `value`."""

    key: str
    strata: tuple[str, ...]
    label: Words


@dataclass(frozen=True)
class Override:
    """Users of any cell for whom a rule holds, and what differs for them."""

    key: str
    priority: int
    when: Rule
    label: Words
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Strategy:
    """A checked matrix. `cells`: (lifecycle stratum, tier) → play; `overrides`: the highest priority first."""

    version: int
    title: Words
    tiers: tuple[Tier, ...]
    ladder: tuple[str, ...]
    cells: Mapping[tuple[str, str], Play]
    overrides: tuple[Override, ...]
    words: Mapping[str, Mapping[str, Words]] = field(repr=False)

    @property
    def hash(self) -> str:
        """Names what it decides; labels decide nothing."""
        tiers = [[tier.key, tier.strata] for tier in self.tiers]
        cells = [[*key, *vars(play).values()] for key, play in sorted(self.cells.items())]
        overrides = [[o.key, o.priority, " ".join(o.when.text.split()), dict(o.changes)] for o in self.overrides]
        return content_hash([tiers, self.ladder, cells, overrides])

    @property
    def columns(self) -> tuple[str, ...]:
        """What it needs of a user."""
        return tuple(dict.fromkeys(("lifecycle", "value", *(name for o in self.overrides for name in o.when.columns))))

    def play(self, lifecycle: str, tier: str, override: str | None = None) -> Play:
        """What the users of a cell get; `override`: its key, where one holds."""
        play = self.cells[lifecycle, tier]
        changes = next((one.changes for one in self.overrides if one.key == override), {})
        return replace(play, **changes)

    def rule(self, lifecycle: str, tier: str, override: str | None = None) -> str:
        """The users of exactly this cell, as a rule that a selection reads."""
        values = ", ".join(f"'{name}'" for each in self.tiers if each.key == tier for name in each.strata)
        parts = [f"lifecycle = '{lifecycle}'", f"value in ({values})"]
        for one in self.overrides:
            if one.key == override:
                parts.append(f"({one.when.text})")
                break
            parts.append(f"not coalesce({one.when.text}, false)")
        return " and ".join(parts)


def shipped_strategy(stratifications: Sequence[Stratification]) -> Strategy:
    """The strategy that ships."""
    text = resources.files(__package__).joinpath("shipped", "strategy.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    return read_strategy(content, stratifications)


def shipped_content() -> dict[str, Any]:
    """The body of the strategy that ships: where somebody who edits it on screen begins."""
    text = resources.files(__package__).joinpath("shipped", "strategy.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return {name: value for name, value in content.items() if name not in ("key", "version")}


def with_play(content: Mapping[str, Any], lifecycle: str, tier: str, play: Mapping[str, Any]) -> dict[str, Any]:
    """A body in which one cell gets another play, and every other cell what it got. Its rows are split and joined as that needs.

    refuses    bad_strategy    there is no such cell
    """
    tiers = [str(each["key"]) for each in content["tiers"]]
    own: dict[str, dict[str, Any]] = {}
    rows: list[Mapping[str, Any]] = []
    place = 0
    for row in content["cells"]:
        if lifecycle not in row["lifecycle"]:
            rows.append(row)
            continue
        place = place if own else len(rows)
        own |= {each: {name: row[name] for name in PLAY} for each in row.get("tiers", tiers)}
        if others := [name for name in row["lifecycle"] if name != lifecycle]:
            rows.append({**row, "lifecycle": others})
    if tier not in own:
        raise BadStrategy(f"There is no cell {lifecycle} × {tier}.", "Choose one from the matrix.")
    own[tier] = dict(play)
    plays = [each for n, each in enumerate(own.values()) if each not in list(own.values())[:n]]
    split = [{"lifecycle": [lifecycle], "tiers": [each for each in tiers if own[each] == one], **one} for one in plays]
    if len(split) == 1:
        split[0].pop("tiers")
    return {**content, "cells": [*rows[:place], *split, *rows[place:]]}


def read_strategy(content: Mapping[str, Any], stratifications: Sequence[Stratification]) -> Strategy:
    """The strategy that a file or a body says, over the strata in force.

    refuses    bad_strategy    a cell without a row, or with two; a stratum that is in no tier, or in two; two overrides of one
                               priority; an unknown word, stratum or key, with the nearest; a number that is none
               bad_rule, unknown_column    an override's rule cannot be taken
    """
    strata = {one.key: tuple(stratum.name for stratum in one.strata) for one in stratifications}
    _known(content, ("key", "version", "title", "tiers", "ladder", "words", "cells", "overrides"), "the strategy")
    words = {
        kind: {str(key): _words(label) for key, label in each.items()} for kind, each in _mapping(content, "words").items()
    }
    for kind in NAMED:
        if not words.get(kind):
            raise BadStrategy(f"The strategy has no words for {kind}.", f"Write words: {kind}: with a key and its two names.")
    tiers = _tiers(_list(content, "tiers"), strata["value"])
    ladder = tuple(map(str, _list(content, "ladder")))
    for name in ladder:
        _one_of(name, strata["lifecycle"], "The ladder names the lifecycle stratum")
    cells = _cells(_list(content, "cells"), strata["lifecycle"], tiers, words)
    overrides = _overrides(content.get("overrides") or [], words)
    return Strategy(int(content.get("version", 1)), _words(content.get("title")), tiers, ladder, cells, overrides, words)


def _tiers(rows: list[Any], values: Sequence[str]) -> tuple[Tier, ...]:
    tiers = []
    seen: dict[str, str] = {}
    for row in rows:
        _known(row, ("key", "strata", "label"), "a tier")
        for name in _list(row, "strata"):
            _one_of(str(name), values, f"Tier '{row.get('key')}' names the value stratum")
            if name in seen:
                raise BadStrategy(
                    f"Value stratum '{name}' is in tier '{seen[name]}' and in '{row['key']}'.", "Leave it in one."
                )
            seen[str(name)] = str(row["key"])
        tiers.append(Tier(str(row["key"]), tuple(map(str, row["strata"])), _words(row.get("label"))))
    if left := [name for name in values if name not in seen]:
        raise BadStrategy(f"Value stratum '{left[0]}' is in no tier.", "Add it to one: its users would get nothing.")
    return tuple(tiers)


def _cells(
    rows: list[Any], lifecycles: Sequence[str], tiers: Sequence[Tier], words: Mapping[str, Mapping[str, Words]]
) -> dict[tuple[str, str], Play]:
    cells: dict[tuple[str, str], Play] = {}
    keys = [tier.key for tier in tiers]
    for row in rows:
        _known(row, ("lifecycle", "tiers", *PLAY), "a row of cells")
        if missing := next((name for name in PLAY if name not in row), None):
            raise BadStrategy(f"The row of {row.get('lifecycle')} says no {missing}.", f"A row says {', '.join(PLAY)}.")
        play = Play(**_changes(row, words, PLAY))
        for lifecycle in _list(row, "lifecycle"):
            _one_of(str(lifecycle), lifecycles, "A row names the lifecycle stratum")
            for tier in row.get("tiers", keys):
                _one_of(str(tier), keys, "A row names the tier")
                if (lifecycle, tier) in cells:
                    raise BadStrategy(f"The cell {lifecycle} × {tier} stands in two rows.", "Take it out of one.")
                cells[str(lifecycle), str(tier)] = play
    if left := [(one, tier) for one in lifecycles for tier in keys if (one, tier) not in cells]:
        more = f", and {len(left) - 1} more" if len(left) > 1 else ""
        raise BadStrategy(f"The cell {left[0][0]} × {left[0][1]} has no strategy{more}.", "Add a row that names it.")
    return cells


def _overrides(rows: list[Any], words: Mapping[str, Mapping[str, Words]]) -> tuple[Override, ...]:
    overrides: list[Override] = []
    for row in rows:
        _known(row, ("key", "priority", "when", "label", "changes"), "an override")
        key, priority, when = str(row.get("key")), row.get("priority"), str(row.get("when", ""))
        if isinstance(priority, bool) or not isinstance(priority, int):
            raise BadStrategy(f"Override '{key}' has the priority {priority!r}.", "Write a whole number; the highest wins.")
        for other in overrides:
            if other.priority == priority or other.key == key:
                what = "the same priority" if other.priority == priority else "the same key"
                raise BadStrategy(f"Overrides '{other.key}' and '{key}' have {what}.", "Which one wins must be stated.")
        try:
            rule = Rule.parse(when, COLUMNS)
        except SpringtideError as bad:
            raise type(bad)(f"Override '{key}': {bad.message}", bad.hint, code=bad.code) from bad
        changes = _mapping(row, "changes")
        _known(changes, PLAY, f"override '{key}'")
        if not changes:
            raise BadStrategy(f"Override '{key}' changes nothing.", f"It may change {', '.join(PLAY)}.")
        overrides.append(Override(key, priority, rule, _words(row.get("label")), _changes(changes, words, tuple(changes))))
    return tuple(sorted(overrides, key=lambda one: -one.priority))


def _changes(row: Mapping[str, Any], words: Mapping[str, Mapping[str, Words]], names: Sequence[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in names:
        value = row[name]
        if name in NAMED:
            _one_of(str(value), words[name], f"It names the {name}")
            said[name] = str(value)
        elif isinstance(value, bool) or not isinstance(value, int) or not (name == "contacts" or value > 0) or value < 0:
            raise BadStrategy(f"{name} is {value!r}.", "Write a whole number.")
        else:
            said[name] = value
    return said


def _words(label: Any) -> Words:
    if (
        not isinstance(label, dict)
        or set(label) != {"en", "zh"}
        or not all(isinstance(one, str) and one for one in label.values())
    ):
        raise BadStrategy(f"{label!r} is no name in two languages.", "Write {en: …, zh: …}.")
    return Words(label["en"], label["zh"])


def _known(row: Any, keys: Sequence[str], what: str) -> None:
    if not isinstance(row, Mapping):
        raise BadStrategy(f"{what.capitalize()} is {row!r}.", f"It has the keys {', '.join(keys)}.")
    if unknown := next((key for key in row if key not in keys), None):
        raise BadStrategy(f"{what.capitalize()} has the unknown key '{unknown}'.", suggest(str(unknown), keys))


def _mapping(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = row.get(key)
    if not isinstance(found, Mapping):
        raise BadStrategy(f"'{key}' is {found!r}.", "Write keys with values under it.")
    return found


def _list(row: Mapping[str, Any], key: str) -> list[Any]:
    found = row.get(key)
    if not isinstance(found, list) or not found:
        raise BadStrategy(f"'{key}' is {found!r}.", "Write a list.")
    return found


def _one_of(name: str, known: Any, what: str) -> None:
    if name not in known:
        raise BadStrategy(f"{what} '{name}', and there is none.", suggest(name, known))
