"""Diagnosis and Strategy: where growth leaks and what each group gets, from the home's answers to what the pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from springtide.analytics.segments import Diagnosis, Engagement, EngagementCell, Finding, Strategy
from springtide.analytics.segments.strategy import COUNTED, NAMED
from springtide.desk import figures, words
from springtide.desk.words import Labels


@dataclass(frozen=True)
class ShownFinding:
    """Users who are stuck, in a sentence, and what getting on is worth. `opens` names exactly these users."""

    key: str
    title: str
    users: int | None
    says: str
    assets: str
    yearly: str
    assumption: str
    opens: str


@dataclass(frozen=True)
class ShownProblem:
    """A standing problem with its findings."""

    title: str
    users: int | None
    assets: str
    yearly: str
    findings: tuple[ShownFinding, ...]


@dataclass(frozen=True)
class ShownCell:
    """A cell of the matrix: who is in it, what they get, and what leaks."""

    lifecycle: str
    tier: str
    override: str
    users: int
    change: int | None
    stake: str
    leak_users: int | None
    leak: str
    playbook: str
    play: tuple[str, ...]
    opens: str


def problems(found: Diagnosis, language: str) -> tuple[ShownProblem, ...]:
    """The problems, the one worth most first."""
    return tuple(
        ShownProblem(
            each.title.within(language),
            each.users,
            _money(each.equity_usdt),
            _money(each.yearly_usdt),
            tuple(_finding(one, language) for one in each.findings),
        )
        for each in found.rows
    )


def sentence(shown: Sequence[ShownProblem]) -> str:
    """The answer in a line: the problem that is worth most."""
    told = [each for each in shown if each.yearly != figures.NONE]
    if not told:
        return _("None of the problems can be sized yet.")
    return _("Most is lost at “%(problem)s”: about %(yearly)s USDT of net revenue a year.") % {
        "problem": told[0].title,
        "yearly": told[0].yearly,
    }


def _finding(one: Finding, language: str) -> ShownFinding:
    says = words.reason(one.reason) if one.reason else ""
    if one.would is not None and one.rate_ratio is not None:
        says = _("At the rate of their like (%(rate)s), %(would)s would get on") % {
            "rate": figures.ratio(one.rate_ratio),
            "would": figures.count(one.would),
        }
        if one.anyway is not None:
            says += _("; %(anyway)s of them by themselves") % {"anyway": figures.count(one.anyway)}
        says += _(".")
    return ShownFinding(
        one.key, one.title.within(language), one.users, says, _money(one.equity_usdt), _money(one.yearly_usdt),
        one.assumption.within(language), one.key,
    )  # fmt: skip


def matrix(strategy: Strategy, found: Engagement, labels: Labels, language: str) -> dict[str, Any]:
    """The matrix as rows of lifecycle by value tiers, and its cells with users as lines: what leaks most first, then what does not."""
    cells = [(row.leak_users, _cell(row, strategy, labels, language)) for row in found.rows]
    return {
        **rows_of(strategy, found, labels, language),
        "leaking": tuple(cell for leak, cell in cells if leak),
        "tight": tuple(cell for leak, cell in cells if not leak),
    }


def rows_of(strategy: Strategy, found: Engagement, labels: Labels, language: str) -> dict[str, Any]:
    """The matrix alone: for each lifecycle stratum and tier the users found there, and the playbook that the strategy names."""
    users: dict[tuple[str, str], int] = {}
    for row in found.rows:
        users[row.lifecycle, row.tier] = users.get((row.lifecycle, row.tier), 0) + row.users
    rows = [
        (
            labels.stratum("lifecycle", stratum.name),
            [
                (
                    users.get((stratum.name, tier.key), 0),
                    _word(strategy, "playbook", strategy.cells[stratum.name, tier.key].playbook, language),
                    cell_name(stratum.name, tier.key, None),
                )
                for tier in strategy.tiers
            ],
        )
        for stratum in labels.by_key["lifecycle"].strata
    ]
    return {"tiers": [tier.label.within(language) for tier in strategy.tiers], "rows": rows}


@dataclass(frozen=True)
class Choice:
    """A field of a cell's form. `options`: the words to choose from; none: a whole number, at least `least`."""

    key: str
    name: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    least: int = 1


def choices(strategy: Strategy, lifecycle: str, tier: str, language: str) -> tuple[Choice, ...]:
    """What can be said of one cell, with what the strategy says now."""
    play = vars(strategy.cells[lifecycle, tier])
    named = [
        Choice(
            key,
            str(words.PLAYS[key]),
            play[key],
            tuple((word, label.within(language)) for word, label in strategy.words[key].items()),
        )
        for key in NAMED
    ]
    counted = [Choice(key, str(words.PLAYS[key]), str(play[key]), least=0 if key == "contacts" else 1) for key in COUNTED]
    return (*named, *counted)


def read_play(sent: Mapping[str, str]) -> dict[str, Any]:
    """What a cell's form says; a number that is none stays text, and is refused by name where the matrix is read."""
    said: dict[str, Any] = {key: sent.get(key, "") for key in NAMED}
    return said | {key: int(text) if (text := sent.get(key, "").strip()).isdecimal() else text for key in COUNTED}


def cell_name(lifecycle: str, tier: str, override: str | None) -> str:
    """A cell as an address names it; `*` is the whole cell, whatever else holds."""
    return f"{lifecycle}:{tier}:{'*' if override is None else override}"


def cell_rule(strategy: Strategy, name: str) -> str | None:
    """The rule of a cell that an address names; None where there is none."""
    lifecycle, _colon, rest = name.partition(":")
    tier, _colon, override = rest.partition(":")
    if (lifecycle, tier) not in strategy.cells:
        return None
    if override == "*":
        values = ", ".join(f"'{each}'" for one in strategy.tiers if one.key == tier for each in one.strata)
        return f"lifecycle = '{lifecycle}' and value in ({values})"
    if override and override not in {one.key for one in strategy.overrides}:
        return None
    return strategy.rule(lifecycle, tier, override or None)


def _cell(row: EngagementCell, strategy: Strategy, labels: Labels, language: str) -> ShownCell:
    said = {key: _word(strategy, key, getattr(row.play, key), language) for key in NAMED}
    within = _("within %(hours)s h") % {"hours": row.play.service_hours}
    contacts = _("contacts at most %(times)s in %(days)s days") % {"times": row.play.contacts, "days": row.play.per_days}
    play = (said["channel"], said["offer"], said["queue"], within, contacts, said["problem"])
    override = next((one.label.within(language) for one in strategy.overrides if one.key == row.override), "")
    tier = next(one.label.within(language) for one in strategy.tiers if one.key == row.tier)
    return ShownCell(
        labels.stratum("lifecycle", row.lifecycle), tier, override, row.users, row.change_7d, _money(row.net_revenue_90d_usdt),
        row.leak_users, _money(row.leak_usdt), said["playbook"], play, cell_name(row.lifecycle, row.tier, row.override or ""),
    )  # fmt: skip


def _word(strategy: Strategy, kind: str, key: str, language: str) -> str:
    return strategy.words[kind][key].within(language)


def _money(amount: Decimal | None) -> str:
    return figures.short(amount) if amount is not None else figures.NONE
