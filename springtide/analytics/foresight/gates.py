"""The twelve gates: text rules with reason codes, each for the benefits it concerns. A home's own version replaces one of ours whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, cast

import yaml

from springtide.analytics.foresight.benefit import BENEFIT_COLUMNS, Benefit
from springtide.analytics.foresight.tables import GATE_TYPES
from springtide.analytics.rules import Rule, Words
from springtide.kernel.errors import BadInput, SpringtideError, UnknownName, suggest
from springtide.kernel.ids import content_hash

Verdict = Literal["allow", "review", "deny"]
VERDICTS: Final = ("deny", "hold", "review")  # of a clause; a hold is a review that nobody may skip
UNKNOWN: Final = ("deny", "review", "allow")  # of a gate that cannot be told
DECIDED: Final = "decided"  # the code of a denial that a person spoke

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class BadGate(BadInput):
    """A gate that cannot be asked; the message names the place in it."""

    default_code = "bad_gate"


@dataclass(frozen=True)
class Clause:
    """A rule over GATE_COLUMNS, and what it means when it holds."""

    code: str
    verdict: Literal["deny", "hold", "review"]
    rule: Rule
    says: Words


@dataclass(frozen=True)
class Gate:
    """One gate. Where a clause can be neither affirmed nor denied, `unknown` speaks, and names the first column of it that is null.

    `is_cleared_by_decision`: a person who has looked may let a user pass; what the law says, nobody may.
    """

    key: str
    version: int
    title: Words
    applies: Rule
    clauses: tuple[Clause, ...]
    unknown: Verdict = "deny"
    is_cleared_by_decision: bool = False
    first_needs: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns it asks for."""
        return tuple(dict.fromkeys(column for each in self.clauses for column in self.blames(each)))

    def blames(self, clause: Clause) -> tuple[str, ...]:
        """The columns for want of which a clause cannot be told."""
        return tuple(dict.fromkeys([*self.first_needs, *clause.rule.columns]))

    @property
    def hash(self) -> str:
        """Names what the gate decides; titles and words decide nothing."""
        told = [[each.code, each.verdict, " ".join(each.rule.text.split())] for each in self.clauses]
        return content_hash([self.key, self.applies.text, self.unknown, self.is_cleared_by_decision, self.first_needs, told])

    def concerns(self, benefit: Benefit) -> bool:
        """Is the gate asked for this benefit?"""
        return bool(self.applies.holds(benefit.columns))


@dataclass(frozen=True)
class Unknown:
    """A column that is not known: what that means, and how it is mended."""

    empty: Words
    mend: Words


@cache
def shipped_gates() -> tuple[Gate, ...]:
    """The gates that ship, in their order."""
    return tuple(gate_of(body["key"], {"version": 1, **body}) for body in _shipped("gates"))


@cache
def unknown_columns() -> Mapping[str, Unknown]:
    """Column → what it means that it is null, and how that is mended."""
    return {
        column: Unknown(_words(said["empty"], column), _words(said["mend"], column))
        for column, said in _shipped("unknown").items()
    }


def shipped_body(key: str) -> dict[str, Any]:
    """A shipped gate as a definition's body, to begin another version from.

    refuses    unknown_gate
    """
    for body in _shipped("gates"):
        if body["key"] == key:
            return {name: value for name, value in body.items() if name != "key"}
    raise unknown_gate(key)


def gates_in_force(own: Mapping[str, Mapping[str, Any]]) -> tuple[Gate, ...]:
    """The gates in their order, each by the home's own body (with its version) where there is one.

    refuses    bad_gate, bad_rule, wrong_unit, unknown_column, unknown_gate
    """
    gates = {gate.key: gate for gate in shipped_gates()}
    for key, body in own.items():
        gates[key] = gate_of(key, body)
    codes = [clause.code for gate in gates.values() for clause in gate.clauses]
    if twice := next((code for code in codes if codes.count(code) > 1), None):
        raise BadGate(f"The code '{twice}' is given by two clauses.", "Give each clause a code of its own.")
    return tuple(gates.values())


def gate_of(key: str, body: Mapping[str, Any]) -> Gate:
    """The gate that a definition's body says.

    refuses    unknown_gate    no gate has this key
               bad_gate        a key that gates do not have, a verdict or a code that cannot be, no clause
               bad_rule, wrong_unit, unknown_column
    """
    if key not in _keys():
        raise unknown_gate(key)
    name = f"gate '{key}'"
    found = _mapping(
        body, ("title", "applies", "clauses"), ("key", "version", "unknown", "needs", "is_cleared_by_decision"), name
    )
    if not isinstance(found["clauses"], list) or not found["clauses"]:
        raise BadGate(f"{name} has no list of clauses.", "Write 'clauses:' and under it one '- code: …' for each.")
    if (unknown := found.get("unknown", "deny")) not in UNKNOWN:
        raise BadGate(f"{name}: unknown is '{unknown}'.", suggest(str(unknown), UNKNOWN))
    if not isinstance(cleared := found.get("is_cleared_by_decision", False), bool):
        raise BadGate(f"{name}: is_cleared_by_decision is {cleared!r}.", "Write true or false.")
    needs = found.get("needs", [])
    if not isinstance(needs, list) or (odd := next((one for one in needs if one not in GATE_TYPES), None)) is not None:
        raise BadGate(f"{name}: needs is {needs!r}.", f"Name columns. {suggest(str(odd), GATE_TYPES)}" if needs else "")
    return Gate(
        key,
        int(found.get("version", 1)),
        _words(found["title"], name),
        _rule(found["applies"], BENEFIT_COLUMNS, f"{name}, applies"),
        tuple(_clause(each, f"{name}, clause {place}") for place, each in enumerate(found["clauses"], 1)),
        cast(Verdict, unknown),
        cleared,
        tuple(needs),
    )


def unknown_gate(key: str) -> UnknownName:
    return UnknownName(f"There is no gate '{key}'.", suggest(key, _keys()), code="unknown_gate")


def _clause(body: Any, name: str) -> Clause:
    found = _mapping(body, ("code", "verdict", "rule", "says"), (), name)
    code, verdict = found["code"], found["verdict"]
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code.startswith("unknown_") or code == DECIDED:
        raise BadGate(
            f"{name}: {code!r} cannot be a code.", "Use a-z, 0-9 and underscore; 'decided' and 'unknown_…' are taken."
        )
    if verdict not in VERDICTS:
        raise BadGate(f"{name}: the verdict is {verdict!r}.", suggest(str(verdict), VERDICTS))
    return Clause(code, verdict, _rule(found["rule"], GATE_TYPES, f"{name} ('{code}')"), _words(found["says"], name))


def _rule(text: Any, columns: Mapping[str, str], name: str) -> Rule:
    if isinstance(text, bool):  # YAML reads the rule 'true' as a boolean
        text = "true" if text else "false"
    if not isinstance(text, str):
        raise BadGate(f"{name}: the rule is {text!r}.", "A rule is a text, such as cluster_size >= 3.")
    try:
        return Rule.parse(text, columns)
    except SpringtideError as bad:
        raise type(bad)(f"{name}: {bad.message}", bad.hint) from bad


def _words(content: Any, name: str) -> Words:
    found = _mapping(content, ("en", "zh"), (), name)
    if not all(isinstance(text, str) and text.strip() for text in found.values()):
        raise BadGate(f"{name}: a text is empty.", "Write it in en and in zh.")
    return Words(found["en"], found["zh"])


def _mapping(content: Any, keys: tuple[str, ...], more: tuple[str, ...], name: str) -> Mapping[str, Any]:
    """These keys, perhaps `more`, and no other: a key we do not know is a mistyped one."""
    if not isinstance(content, Mapping):
        raise BadGate(f"{name} is not a list of keys and values.", f"It has the keys {', '.join(keys)}.")
    for key in content:
        if key not in (*keys, *more):
            raise BadGate(f"{name} has the unknown key {key!r}.", suggest(str(key), (*keys, *more)))
    if missing := next((key for key in keys if key not in content), None):
        raise BadGate(f"{name} lacks '{missing}'.", f"It has the keys {', '.join(keys)}.")
    return content


def _keys() -> tuple[str, ...]:
    return tuple(body["key"] for body in _shipped("gates"))


@cache
def _shipped(name: str) -> Any:
    return yaml.safe_load(resources.files(__package__).joinpath("shipped", f"{name}.yml").read_text(encoding="utf-8"))
