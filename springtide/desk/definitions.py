"""Definitions: the stratifications as a manager reads and edits them, and what an edit would do. Nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from springtide.analytics.rules import pieces
from springtide.analytics.strata import Stratification
from springtide.desk import figures, rules
from springtide.desk.rules import Said
from springtide.desk.words import Labels
from springtide.home.placing import Placed
from springtide.kernel.errors import BadInput, SpringtideError, UnknownName, suggest

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class EditedStratum:
    """A stratum of the form: its rule in pieces with the numbers to fill in, its rule as text, what people read of it."""

    name: str
    title: str
    said: tuple[Said, ...]
    rule: str
    label: Mapping[str, str]
    about: Mapping[str, str]


@dataclass(frozen=True)
class Size:
    """A stratum as it is and as it would be."""

    name: str
    now: int
    then: int

    @property
    def change(self) -> int:
        return self.then - self.now


@dataclass(frozen=True)
class Mover:
    """Users who would move; `where` names exactly them, and is empty where a list cannot."""

    was: str
    becomes: str
    users: int
    where: str


@dataclass(frozen=True)
class Effect:
    """What an edit would do, by the last closed day: the sentence, who would move, how large the strata would be."""

    says: str
    movers: tuple[Mover, ...]
    sizes: tuple[Size, ...]
    stale: tuple[str, ...]  # strata whose description still says a number that no rule says any more


def edited_strata(content: Mapping[str, Any], labels: Labels) -> tuple[EditedStratum, ...]:
    """The strata of a body, as the form shows them."""
    within = "zh" if labels.language.startswith("zh") else "en"
    return tuple(
        EditedStratum(
            each["name"], each["label"][within], _pieces(each["rule"], labels), each["rule"], each["label"], each["about"]
        )
        for each in content["strata"]
    )


def read_strata(sent: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
    """The body that a form says, which began with `content`. A rule that was rewritten as text counts as it is written; else its numbers.

    refuses    bad_rule    a number that is none
    """
    strata = []
    for each in content["strata"]:
        name, rule = each["name"], sent.get(f"rule-{each['name']}", "").strip() or each["rule"]
        if rule == each["rule"].strip():
            edges = sum(piece.kind == "number" for piece in pieces(rule))
            rule = rules.with_edges(rule, [sent.get(f"edge-{name}-{n}", "") for n in range(edges)])
        strata.append({"name": name, "rule": rule, **{part: _words(sent, part, each) for part in ("label", "about")}})
    return {**content, "strata": strata}


def effect(placed: Placed, was: Stratification, becomes: Stratification, labels: Labels) -> Effect:
    """What the new version does to users."""
    names = {stratum.name: stratum.label.within(labels.language) for one in (was, becomes) for stratum in one.strata}
    has_day_edges = any(column.startswith("value_p") for column in becomes.columns)
    movers = tuple(
        Mover(
            names.get(flow.from_stratum, flow.from_stratum) if flow.from_stratum else _("Not told before"),
            names[flow.to_stratum],
            flow.users,
            ""
            if has_day_edges or flow.from_stratum is None
            else f"{was.key} = '{flow.from_stratum}' and {becomes.taking(flow.to_stratum)}",
        )
        for flow in placed.rows
    )
    sizes = dict.fromkeys((*(stratum.name for stratum in becomes.strata), *(stratum.name for stratum in was.strata)), 0)
    shown = []
    for name in sizes:
        then = placed.sizes.get(name, 0)
        came = sum(flow.users for flow in placed.rows if flow.to_stratum == name)
        gone = sum(flow.users for flow in placed.rows if flow.from_stratum == name)
        shown.append(Size(names[name], then - came + gone, then))
    return Effect(_sentence(placed), movers, tuple(shown), tuple(_stale(was, becomes, labels)))


def stratification_of(key: str, among: Iterable[Stratification]) -> Stratification:
    """The stratification of that key.

    refuses    unknown_stratification
    """
    by_key = {each.key: each for each in among}
    if key not in by_key:
        raise UnknownName(f"There is no stratification '{key}'.", suggest(key, by_key), code="unknown_stratification")
    return by_key[key]


def _pieces(rule: str, labels: Labels) -> tuple[Said, ...]:
    """A rule in words; one that cannot be read is shown as it was typed, beside what is wrong with it."""
    try:
        return rules.said(rule, labels)
    except SpringtideError:
        return (Said(rule),)


def _sentence(placed: Placed) -> str:
    if not placed.moving:
        return _("Nobody would move.")
    return _("%(moving)s of %(users)s users would move (%(share)s).") % {
        "moving": figures.count(placed.moving),
        "users": figures.count(placed.users),
        "share": figures.ratio(placed.moving / placed.users),
    }


def _stale(was: Stratification, becomes: Stratification, labels: Labels) -> Iterable[str]:
    """Strata whose unchanged description says an edge that went away: the screens would go on saying it."""

    def edges(one: Stratification) -> set[str]:
        rules_said = (rules.said(stratum.rule.text, labels) for stratum in one.strata)
        return {each.text for said in rules_said for each in said if each.edge is not None}

    gone = {number for number in edges(was) - edges(becomes) if number not in ("0", "1")}
    gone |= {str(int(number) + 1) for number in gone if number.isdigit()}  # “31 to 60 days” follows from an edge at 30
    before = {stratum.name: stratum.about for stratum in was.strata}
    for stratum in becomes.strata:
        numbers = set(re.findall(r"\d+(?:\.\d+)?", stratum.about.en.replace(",", "")))
        if before.get(stratum.name) == stratum.about and numbers & gone:
            yield stratum.label.within(labels.language)


def _words(sent: Mapping[str, str], part: str, stratum: Mapping[str, Any]) -> dict[str, str]:
    """What a form says of a stratum in both languages; a field that was not sent stays as it was, and none may be empty."""
    said = {
        language: sent.get(f"{part}-{language}-{stratum['name']}", stratum[part][language]).strip() for language in LANGUAGES
    }
    if not all(said.values()):
        raise BadInput(f"'{stratum['name']}' has no {part} in one of the languages.", "Write both.", code="bad_definition")
    return said
