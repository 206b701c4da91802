"""Reading the stratifications: the shipped files, and those that a manager put in their place.

A shipped definition is `definitions/<key>.yml` beside this file. One of the same name in
HOME/definitions/strata/ replaces it whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.rules import Rule, Words
from springtide.analytics.strata.stratification import Stratification, Stratum, VersionNotRaised
from springtide.kernel.errors import BadInput, SpringtideError, UnknownName, suggest

# In this order everywhere: in the lake, on the screens, in reports.
KEYS = ("lifecycle", "tenure", "activity", "frequency", "assets", "behaviour", "value", "incentive", "vip_distance")

# Quantile edges of the day (population.sql), which rules may name beside the columns of a profile.
EDGES = (*(f"value_p{percent}_usdt" for percent in range(10, 100, 10)), "value_p99_usdt")
RULE_COLUMNS: Mapping[str, str] = {**PROFILE_TYPES, **dict.fromkeys(EDGES, "bigint")}

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DEFINITION_KEYS = ("key", "version", "title", "question", "strata")
_STRATUM_KEYS = ("name", "rule", "label", "about")
_LANGUAGES = ("en", "zh")


class BadDefinition(BadInput):
    """A definition file that cannot be used; the message names the file and the place in it."""

    default_code = "bad_definition"


def load(overrides: Path | None = None) -> tuple[Stratification, ...]:
    """The nine stratifications in the order of `KEYS`, each from `overrides/<key>.yml` where there is one.

    refuses    bad_definition        the file is no definition: YAML, keys, names, the catch-all at the end
               bad_rule, wrong_unit, unknown_column    one of its rules cannot be taken
               unknown_name          a file named after no stratification
               version_not_raised    it decides otherwise than the shipped one, under the same version or a lower one
    """
    folder = resources.files(__package__).joinpath("definitions")
    shipped = tuple(read(folder.joinpath(f"{key}.yml"), key) for key in KEYS)
    if overrides is None or not overrides.is_dir():
        return shipped
    _check_names(overrides)
    return tuple(_overridden(stratification, overrides / f"{stratification.key}.yml") for stratification in shipped)


def read(file: Traversable, key: str) -> Stratification:
    """The stratification that one file defines."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as bad:
        raise BadDefinition(f"{file} cannot be read: {' '.join(str(bad).split())}", "Write it as YAML, in UTF-8.") from bad
    return of_content(content, key, name=str(file))


def of_content(content: Any, key: str, *, name: str) -> Stratification:
    """The stratification that a file's content defines. `name`: what errors call it."""
    if key not in KEYS:
        raise UnknownName(f"There is no stratification '{key}'.", suggest(key, KEYS))
    return _Page(name).stratification(content, key)


def content_of(stratification: Stratification) -> dict[str, Any]:
    """What a file would say of a stratification, without its key and version: where somebody who edits it on screen begins."""
    return {
        "title": vars(stratification.title),
        "question": vars(stratification.question),
        "strata": [
            {"name": one.name, "rule": one.rule.text, "label": vars(one.label), "about": vars(one.about)}
            for one in stratification.strata
        ],
    }


def _check_names(overrides: Path) -> None:
    for file in sorted(overrides.iterdir()):
        if file.suffix in (".yml", ".yaml") and file.name not in {f"{key}.yml" for key in KEYS}:
            raise UnknownName(f"{file} is named after no stratification.", suggest(file.name, (f"{key}.yml" for key in KEYS)))


def _overridden(shipped: Stratification, file: Path) -> Stratification:
    if not file.is_file():
        return shipped
    ours = read(file, shipped.key)
    if ours.hash != shipped.hash and ours.version <= shipped.version:
        raise VersionNotRaised(
            f"{file} changes '{shipped.key}', whose version {shipped.version} is ours, but says version {ours.version}.",
            f"Write 'version: {shipped.version + 1}' or higher: past days keep the version that placed them.",
        )
    return ours


class _Page:
    """One file being read: errors say where in it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def stratification(self, content: Any, key: str) -> Stratification:
        found = self._mapping(content, _DEFINITION_KEYS, "the file")
        if found["key"] != key:
            raise self._bad(f"its key is {found['key']!r}, not '{key}'", f"Write 'key: {key}', or rename the file.")
        version = found["version"]
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise self._bad(f"version is {version!r}", "Versions are whole numbers from 1.")
        return Stratification(
            key, version, self._words(found["title"], "title"), self._words(found["question"], "question"),
            self._strata(found["strata"]),
        )  # fmt: skip

    def _strata(self, content: Any) -> tuple[Stratum, ...]:
        if not isinstance(content, list) or not content:
            raise self._bad("it has no list of strata", "Write 'strata:' and under it one '- name: …' for each.")
        strata = tuple(self._stratum(entry, place) for place, entry in enumerate(content, 1))
        names = [stratum.name for stratum in strata]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise self._bad(f"stratum '{twice}' stands there twice", "Give each stratum a name of its own.")
        if not strata[-1].rule.is_always_true:
            raise self._bad(
                f"the last stratum, '{names[-1]}', does not take everybody who is left",
                "End the list with a stratum whose rule is 'true'.",
            )
        if early := next((stratum.name for stratum in strata[:-1] if stratum.rule.is_always_true), None):
            raise self._bad(f"'{early}' takes everybody, and more strata follow it", "Put the stratum with rule 'true' last.")
        return strata

    def _stratum(self, content: Any, place: int) -> Stratum:
        where = f"stratum {place}"
        found = self._mapping(content, _STRATUM_KEYS, where)
        name, rule = found["name"], found["rule"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._bad(
                f"{where} is named {name!r}", "Names are lower case letters, digits and _, beginning with a letter."
            )
        if isinstance(rule, bool):  # YAML reads the rule 'true' as a boolean
            rule = "true" if rule else "false"
        if not isinstance(rule, str):
            raise self._bad(f"the rule of '{name}' is {rule!r}", "A rule is a text, such as days_since_trade <= 7.")
        try:
            parsed = Rule.parse(rule, RULE_COLUMNS)
        except SpringtideError as bad:
            raise type(bad)(f"{self.name}, stratum '{name}': {bad.message}", bad.hint) from bad
        label, about = self._words(found["label"], f"label of '{name}'"), self._words(found["about"], f"about of '{name}'")
        return Stratum(name, parsed, label, about)

    def _words(self, content: Any, where: str) -> Words:
        found = self._mapping(content, _LANGUAGES, where)
        for language in _LANGUAGES:
            if not isinstance(found[language], str) or not found[language].strip():
                raise self._bad(
                    f"{where}: {language} is {found[language]!r}", "Write a text, in quotes where YAML asks for it."
                )
        return Words(found["en"], found["zh"])

    def _mapping(self, content: Any, keys: tuple[str, ...], where: str) -> dict[str, Any]:
        """Exactly these keys: a key we do not know is a mistyped one."""
        if not isinstance(content, dict):
            raise self._bad(f"{where} is not a list of keys and values", f"It has the keys {', '.join(keys)}.")
        for key in content:
            if key not in keys:
                raise self._bad(f"{where} has the unknown key {key!r}", suggest(str(key), keys))
        if missing := [key for key in keys if key not in content]:
            raise self._bad(f"{where} lacks '{missing[0]}'", f"It has the keys {', '.join(keys)}.")
        return content

    def _bad(self, what: str, hint: str) -> BadDefinition:
        return BadDefinition(f"{self.name}: {what}.", hint)


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key written twice, where PyYAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise yaml.constructor.ConstructorError(None, None, f"the key '{twice}' stands there twice", node.start_mark)
        return super().construct_mapping(node, deep)
