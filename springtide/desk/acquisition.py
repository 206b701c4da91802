"""Acquisition by channel as its page shows it: the ranking with its likely ranges, and how good each week's newcomers were."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from springtide.analytics.metrics import Acquisition, ChannelRow, CohortQuality, Mean, Share
from springtide.desk import figures, words
from springtide.desk.words import Word

NOT_KNOWN = "(not known)"
MOST_SHOWN = 20
FIGURES: Mapping[str, Word] = {
    "registrations": gettext_lazy("Registrations"),
    "kyc": gettext_lazy("KYC passed"),
    "first_deposits": gettext_lazy("First deposits"),
    "first_trades": gettext_lazy("First trades"),
    "kept": gettext_lazy("Kept"),
    "linked": gettext_lazy("Linked accounts"),
    "ltv_30": gettext_lazy("Value in 30 days"),
    "spend_usdt": gettext_lazy("Spend"),
    "cpa": gettext_lazy("Cost of a trader"),
    "payback_days": gettext_lazy("Days to pay back"),
}


@dataclass(frozen=True)
class Cell:
    """A figure, the range in which the true one likely lies, and the address parameters of its users."""

    text: str
    likely: str = ""
    opens: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Line:
    """A channel of the table. `rank` is empty where it has too few users."""

    rank: str
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Channels:
    """The ranking as the page shows it. `chart` is null where no channel has enough users; `reasons`: what cannot be told."""

    says: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    chart: Mapping[str, Any] | None
    reasons: tuple[tuple[str, str], ...]


def channel_name(channel_id: str) -> str:
    """A channel as people call it."""
    return _("not known") if channel_id == NOT_KNOWN else channel_id


def channels(found: Acquisition, *, sees_links: bool) -> Channels:
    """The sentence, the picture and the table. Who shares a device with whom is listed only for those who may see it."""
    told = [key for key in FIGURES if key not in found.reasons]
    lines = tuple(
        Line(
            str(row.rank or ""),
            channel_name(row.channel_id),
            tuple(_cell(row, key, found, opens=key != "linked" or sees_links) for key in told),
        )
        for row in found.rows
    )
    ranked = [row for row in found.rows if row.rank]
    reasons = tuple((str(FIGURES[key]), words.reason(why)) for key, why in found.reasons.items() if key in FIGURES)
    return Channels(_sentence(ranked, found), tuple(str(FIGURES[key]) for key in told), lines, _ranking(ranked), reasons)


def _sentence(ranked: Sequence[ChannelRow], found: Acquisition) -> str:
    if not ranked:
        least = figures.count(found.least_users)
        return _("No channel has brought %(least)s users yet whose days have passed, so none is ranked.") % {"least": least}
    best = ranked[0]
    said = _("%(channel)s brings most: %(ltv)s USDT a user in the first 30 days.") % {
        "channel": channel_name(best.channel_id), "ltv": figures.short(best.ltv_30.value if best.ltv_30 else None),
    }  # fmt: skip
    kept = [row for row in ranked if row.kept and row.kept.value is not None]
    if len(kept) > 1:
        keeps = max(kept, key=lambda row: row.kept.value if row.kept and row.kept.value else 0.0)
        said += " " + _("%(channel)s keeps most: %(share)s of its traders trade again in the week after.") % {
            "channel": channel_name(keeps.channel_id), "share": figures.ratio(keeps.kept.value if keeps.kept else None),
        }  # fmt: skip
    return said


def _ranking(ranked: Sequence[ChannelRow]) -> dict[str, Any] | None:
    rows = [
        {
            "name": channel_name(row.channel_id),
            "value": float(row.ltv_30.value),
            "low": None if row.ltv_30.low is None else float(row.ltv_30.low),
            "high": None if row.ltv_30.high is None else float(row.ltv_30.high),
        }
        for row in ranked[:MOST_SHOWN]
        if row.ltv_30
    ]
    if not rows:
        return None
    return {"unit": "usdt", "rows": rows, "names": {"value": str(FIGURES["ltv_30"]), "between": _("likely between")}}


def _cell(row: ChannelRow, key: str, found: Acquisition, *, opens: bool) -> Cell:
    figure = getattr(row, key)
    query = {"of_channel": row.channel_id, "figure": key, "from": str(found.since), "to": str(found.until)}
    match figure:
        case None:
            return Cell(figures.NONE)
        case Share(value=None):
            return Cell(figures.NONE)
        case Share():
            likely = _range(figures.ratio(figure.low), figures.ratio(figure.high))
            return Cell(figures.ratio(figure.value), likely, query if figure.users and opens else None)
        case Mean():
            likely = _range(figures.short(figure.low), figures.short(figure.high)) if figure.low is not None else ""
            return Cell(figures.short(figure.value), likely, query if key == "ltv_30" and figure.value else None)
    if key == "registrations":
        return Cell(figures.count(figure), opens=query)
    return Cell(figures.count(figure) if key == "payback_days" else figures.short(figure))


def _range(low: str, high: str) -> str:
    return f"{low} – {high}"


@dataclass(frozen=True)
class Week:
    """One week's newcomers."""

    cohort: Any
    is_complete: bool
    users: Cell
    back: Cell


@dataclass(frozen=True)
class Cohorts:
    """Newcomers by week and how many came back at all."""

    says: str
    weeks: tuple[Week, ...]
    chart: Mapping[str, Any]


def cohorts(found: CohortQuality) -> Cohorts:
    """The sentence, the picture and the table, the latest week first."""
    first = next((n for n, row in enumerate(found.rows) if row.users), len(found.rows))
    rows = found.rows[first:]  # before anybody was known there is nothing to see
    question = json.dumps(found.question)

    def opens(row: Any, column: int) -> dict[str, str]:
        return {"question": question, "open": json.dumps({"cohort": str(row.cohort), "column": column})}

    weeks = tuple(
        Week(
            row.cohort,
            row.is_complete,
            Cell(figures.count(row.users), opens=opens(row, 0) if row.users else None),
            Cell(
                figures.ratio(row.back.value),
                _range(figures.ratio(row.back.low), figures.ratio(row.back.high)) if row.back.value is not None else "",
                opens(row, 1) if row.back.users else None,
            ),
        )
        for row in reversed(rows)
    )
    chart = {
        "labels": [str(row.cohort) for row in rows],
        "bars": {
            "name": _("Traded for the first time"),
            "values": [row.users for row in rows],
            "links": [f"{reverse('user_list')}?{urlencode(opens(row, 0))}" if row.users else None for row in rows],
        },
        "line": {"name": _("Came back at all"), "values": [row.back.value if row.is_complete else None for row in rows]},
    }
    return Cohorts(_quality_sentence(found), weeks, chart)


def _quality_sentence(found: CohortQuality) -> str:
    done = [row for row in found.rows if row.is_complete and row.users]
    if not done:
        return _("No week is old enough yet: eight weeks must have passed.")
    last = done[-1]
    said = _("Of the %(users)s who first traded in the week of %(week)s, %(share)s came back in the %(weeks)s weeks after.") % {
        "users": figures.count(last.users), "week": figures.day(last.cohort), "share": figures.ratio(last.back.value),
        "weeks": found.weeks,
    }  # fmt: skip
    if len(done) > 1:
        first = done[0]
        said += " " + _("Of those of %(week)s it was %(share)s.") % {
            "week": figures.day(first.cohort), "share": figures.ratio(first.back.value),
        }  # fmt: skip
        if last.users > first.users and (last.back.value or 0) < (first.back.low or 0):
            said += " " + _("More come and fewer stay: this is a wave, not growth.")
    return said
