"""The mapping that the form of an upload describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from springtide.analytics.facts import Field, Proposal, contract, parse_mapping
from springtide.analytics.facts import Mapping as Layouts
from springtide.home import Home
from springtide.kernel.errors import BadInput

TOGETHER = "+"  # one column of theirs that gives several of ours


@dataclass(frozen=True)
class Choice:
    """A column of theirs as the form shows it: what it is taken for, how sure the guess was, and some of what stands in it."""

    number: int
    name: str
    examples: tuple[str, ...]
    taken_for: str
    sureness: str  # sure, likely, guess; empty where nothing was guessed
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lack:
    """A mandatory column that nothing gives: say one value for all rows, or that the source does not know it."""

    name: str
    about: str
    choices: tuple[str, ...]
    may_be_unknown: bool
    may_be_numbered: bool


def choices(proposal: Proposal) -> tuple[Choice, ...]:
    """The columns of the file with everything they could be taken for."""
    fields = contract(proposal.table).fields
    found = []
    for number, column in enumerate(proposal.columns):
        ours = TOGETHER.join(proposal.layout.columns.get(column.name, ()))
        options = [(field.name, field.name) for field in fields]
        if TOGETHER in ours:
            options.insert(0, (ours, ours.replace(TOGETHER, ", ")))
        sureness = "" if not ours else "sure" if column.sureness >= 0.9 else "likely" if column.sureness >= 0.6 else "guess"
        found.append(Choice(number, column.name, column.examples[:3], ours, sureness, tuple(options)))
    return tuple(found)


def lacking(proposal: Proposal, given: Iterable[str] = ()) -> tuple[Lack, ...]:
    """The mandatory columns that nothing gives yet."""
    table = contract(proposal.table)
    return tuple(_lack(table.field(name), proposal) for name in proposal.missing if name not in set(given))


def _lack(field: Field, proposal: Proposal) -> Lack:
    table = contract(proposal.table)
    names_a_row = field.name in table.key or field.name == table.user
    return Lack(field.name, field.about, field.choices, not names_a_row, field.name == "event_id" and table.is_event)


def mapping_of(proposal: Proposal, form: Mapping[str, str], *, name: str) -> Layouts:
    """The mapping that a form describes: the guess, with every choice that was made.

    refuses    no_zone          times name no zone, and none was said
               missing_column   a mandatory column that nothing gives
               two_for_one      two columns are taken for the same one of ours
               bad_mapping      a word that the table does not know; the hint has the nearest
    """
    told = proposal.layout.as_dict()
    table = contract(proposal.table)
    columns: dict[str, Any] = {}
    ignored: list[str] = []
    taken: dict[str, str] = {}
    for number, column in enumerate(proposal.columns):
        ours = [each for each in form.get(f"column-{number}", "").split(TOGETHER) if each]
        for each in ours:
            if each in taken:
                raise BadInput(
                    f"'{taken[each]}' and '{column.name}' are both taken for {each}.", "Keep one of them.", code="two_for_one"
                )
            taken[each] = column.name
        if ours:
            columns[column.name] = ours[0] if len(ours) == 1 else ours
        else:
            ignored.append(column.name)
    constants = {each: value for each, value in told.get("constants", {}).items() if each not in taken}
    unknown = [each for each in told.get("unknown", []) if each not in taken]
    for field in table.fields:
        if field.name not in taken and (value := form.get(f"constant-{field.name}", "").strip()):
            constants[field.name] = value
        elif field.name not in taken and form.get(f"unknown-{field.name}"):
            unknown.append(field.name)
    zone = form.get("zone", "").strip()
    if proposal.needs_zone and not zone:
        raise BadInput(
            "The times in this file name no time zone.",
            "Say where they were written, such as UTC or Asia/Shanghai; it is asked once and kept in the mapping.",
            code="no_zone",
        )
    given = {*taken, *constants, *unknown, *told.get("expressions", {}), *(["event_id"] if form.get("number_rows") else [])}
    if lacks := [name for name in table.required if name not in given]:
        raise BadInput(
            f"Nothing gives {', '.join(lacks)}, which {table.name} must have.",
            "Take a column for it, say one value for all rows, or that the source does not know it.",
            code="missing_column",
        )
    told |= {"columns": columns, "constants": constants, "ignore": ignored, "unknown": sorted(set(unknown))}
    told["expressions"] = {each: sql for each, sql in told.get("expressions", {}).items() if each not in taken}
    told["values"] = {each: pairs for each, pairs in told.get("values", {}).items() if each in taken}
    told.pop("derive_users", None)
    told["number_rows"] = bool(form.get("number_rows"))
    if form.get("derive_users"):
        told["derive_users"] = "first_seen"
    if zone:
        told["zone"] = zone
    if source := form.get("source", "").strip():
        told["source"] = source
    kept = {part: value for part, value in told.items() if value not in ({}, [], "", False)}
    return parse_mapping(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True), name)


def free_name(home: Home, wanted: str) -> str:
    """`wanted`, or with a number where a mapping has this name already."""
    taken = home.mappings()
    number, name = 2, wanted
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
