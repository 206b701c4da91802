"""What a stratification is: a list that a manager can read aloud, downwards; the first rule that holds takes the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from springtide.analytics.rules import Rule, Why, Words
from springtide.kernel.errors import BadInput, suggest
from springtide.kernel.ids import content_hash


class UnknownStratum(BadInput):
    """A stratum that the stratification does not have."""

    default_code = "unknown_stratum"


class VersionNotRaised(BadInput):
    """A stratification says something new under a version that already said something else."""

    default_code = "version_not_raised"


@dataclass(frozen=True)
class Stratum:
    """One class of a stratification. `name` is what the lake stores; `label` and `about` are for people."""

    name: str
    rule: Rule
    label: Words
    about: Words


@dataclass(frozen=True)
class Placement:
    """Where a user stands and why: the stratum, and how each rule down to it came out."""

    stratum: Stratum
    reasons: tuple[Why, ...]


@dataclass(frozen=True)
class Stratification:
    """A versioned way to put every user into exactly one stratum. The last rule is `true`, so nobody is left over."""

    key: str
    version: int
    title: Words
    question: Words
    strata: tuple[Stratum, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns without which it is not available, in the order of the rules."""
        return tuple(dict.fromkeys(column for stratum in self.strata for column in stratum.rule.columns))

    @property
    def hash(self) -> str:
        """Names what the definition decides: its strata and their rules in order. Titles and texts decide nothing."""
        return content_hash([self.key, [[stratum.name, " ".join(stratum.rule.text.split())] for stratum in self.strata]])

    def __getitem__(self, name: str) -> Stratum:
        """The stratum of that name.

        refuses    unknown_stratum
        """
        for stratum in self.strata:
            if stratum.name == name:
                return stratum
        names = [stratum.name for stratum in self.strata]
        raise UnknownStratum(
            f"'{self.key}' version {self.version} has no stratum '{name}'. It has {', '.join(names)}.", suggest(name, names)
        )

    def taking(self, name: str) -> str:
        """The rule that takes exactly the users of a stratum: its own, and none of those before it."""
        parts: list[str] = []
        for stratum in self.strata:
            if stratum.name == name:
                if not stratum.rule.is_always_true:
                    parts.insert(0, f"({stratum.rule.text})")
                break
            parts.append(f"not coalesce({stratum.rule.text}, false)")
        return " and ".join(parts) or "true"

    def place(self, row: Mapping[str, Any]) -> Placement:
        """Where the user of a profile row (with the day's population edges, where rules name them) stands."""
        reasons = []
        for stratum in self.strata:
            reasons.append(stratum.rule.why(row))
            if reasons[-1].holds:
                return Placement(stratum, tuple(reasons))
        raise AssertionError("the last rule takes everybody")


@dataclass(frozen=True)
class Available:
    """Everything that the stratification needs is there."""

    stratification: Stratification


@dataclass(frozen=True)
class NotAvailable:
    """The stratification cannot be told, and why. Nobody is given a stratum by default."""

    stratification: Stratification
    reason: str


def availability(stratification: Stratification, missing: Mapping[str, str]) -> Available | NotAvailable:
    """Whether a stratification can be told when `missing` columns (column → reason) cannot be derived.

    The reason names each cause once, with the columns that it takes away.
    """
    lacking: dict[str, list[str]] = {}
    for column in stratification.columns:
        if column in missing:
            lacking.setdefault(missing[column], []).append(column)
    if not lacking:
        return Available(stratification)
    return NotAvailable(stratification, "; ".join(f"{', '.join(columns)}: {reason}" for reason, columns in lacking.items()))


@dataclass(frozen=True)
class Stamp:
    """What a close writes beside the strata it published: which definition made them."""

    key: str
    version: int
    hash: str


def check_versions(stratifications: Sequence[Stratification], used: Iterable[Stamp]) -> None:
    """One version, one meaning: a changed rule has a higher version than all that were used before it.

    Going back to a definition exactly as it was used is no change.

    refuses    version_not_raised
    """
    stamps = set(used)
    for stratification in stratifications:
        earlier = {stamp for stamp in stamps if stamp.key == stratification.key}
        if Stamp(stratification.key, stratification.version, stratification.hash) in earlier:
            continue
        highest = max((stamp.version for stamp in earlier), default=0)
        if stratification.version <= highest:
            raise VersionNotRaised(
                f"'{stratification.key}' changed, but it still says version {stratification.version}; "
                f"version {highest} was used to place users.",
                f"Write 'version: {highest + 1}' in its file: past days keep the version that placed them.",
            )
