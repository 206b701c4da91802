"""Metrics: from what is served to what the catalogue and the page of one metric show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from springtide.analytics.metrics.served import BY_KEY, SERVED, MetricValue, MetricValues, Served
from springtide.analytics.metrics.signals import Chart
from springtide.desk import figures, words
from springtide.desk.figures import Amount
from springtide.desk.words import Labels, Word
from springtide.home.signals import SignalChart, SignalSeen

THEMES: Mapping[str, Word] = {
    "activity": gettext_lazy("Activity"),
    "activation": gettext_lazy("Activation"),
    "money": gettext_lazy("Money"),
    "health": gettext_lazy("Health"),
    "churn": gettext_lazy("Churn"),
}
UNITS: Mapping[str, Word] = {
    "users": gettext_lazy("users"),
    "count": gettext_lazy("times"),
    "usdt": "USDT",
    "ratio": gettext_lazy("share"),
    "per 1,000": gettext_lazy("per 1,000"),
    "points": gettext_lazy("points"),
}
RULES: Mapping[str, Word] = {
    "outside": gettext_lazy("outside what is usual"),
    "three_days": gettext_lazy("three days together outside what is usual"),
}
STATES: Mapping[str, Word] = {
    "open": gettext_lazy("open"),
    "acknowledged": gettext_lazy("seen"),
    "explained": gettext_lazy("explained"),
    "none_found": gettext_lazy("nothing found"),
}
ANNOTATIONS: Mapping[str, Word] = {
    "campaign": gettext_lazy("campaign"),
    "listing": gettext_lazy("listing"),
    "outage": gettext_lazy("outage"),
    "release": gettext_lazy("release"),
    "market": gettext_lazy("market"),
    "rules": gettext_lazy("rules"),
    "data": gettext_lazy("data"),
    "other": gettext_lazy("other"),
}
SIDES: Mapping[str, Word] = {"numerator": gettext_lazy("Numerator"), "denominator": gettext_lazy("Denominator")}
MOST_GROUPS = 12
LEAST_POINTS = 0.02  # below, a change in points would read +0.0


@dataclass(frozen=True)
class Line:
    """A metric in the catalogue: its last whole week, the change against the week before, and thirteen weeks as a small line."""

    key: str
    name: str
    asks: str
    unit: str
    value: str
    change: str
    tone: str
    trend: tuple[float, ...]
    reason: str = ""


@dataclass(frozen=True)
class ShownSignal:
    """A signal in words."""

    key: str
    metric: str
    name: str
    says: str
    state: str
    is_open: bool
    owner: str
    note: str
    beside: tuple[str, ...]
    seen: SignalSeen


def line(asked: Served, values: MetricValues) -> Line:
    """A line of the catalogue."""
    told = [row for row in values.rows if row.value is not None and row.is_complete]
    name, unit = words.metric(asked.key), str(UNITS[asked.unit])
    if values.reason or not told:
        reason = words.reason(values.reason) if values.reason else _("Nothing to tell yet.")
        return Line(asked.key, name, asked.asks, unit, figures.NONE, "", "plain", (), reason)
    last = told[-1]
    before = told[-2] if len(told) > 1 else None
    change, tone = change_of(asked.unit, asked.better, last.value, before.value if before else None)
    trend = tuple(float(row.value) for row in told if row.value is not None)
    return Line(asked.key, name, asked.asks, unit, amount(asked.unit, last.value), change, tone, trend)


def amount(unit: str, value: Any) -> str:
    """A value in its unit."""
    if value is None:
        return figures.NONE
    if unit == "ratio":
        return figures.ratio(float(value), 2 if abs(float(value)) < 0.1 else 1)
    if unit in ("users", "count"):
        return figures.count(value) if float(value).is_integer() else f"{float(value):,.2f}"
    return figures.short(Decimal(str(value)))


def change_of(unit: str, better: str, now: Amount | None, was: Amount | None) -> tuple[str, str]:
    """A change in words, and whether it is good: in points of a ratio that is not tiny, else against what was."""
    if not was or now is None:
        return "", "plain"
    moved = float(now) - float(was)
    in_points = unit == "ratio" and max(abs(float(now)), abs(float(was))) >= LEAST_POINTS
    said = f"{moved * 100:+.1f} pp".replace("-", "−") if in_points else figures.signed_ratio(moved / abs(float(was)))
    if not moved or better == "neither":
        return said, "plain"
    return said, "good" if (moved > 0) == (better == "up") else "bad"


def behind(key: str, since: date, until: date, period: str, **more: str) -> dict[str, str]:
    """The address parameters of the list of users behind a value."""
    return {"metric": key, "from": str(since), "to": str(until), "period": period, **more}


def theme(key: str) -> tuple[Served, ...]:
    """The metrics of a theme."""
    return tuple(each for each in SERVED if each.theme == key)


@dataclass(frozen=True)
class Cell:
    """A value of the table, with the address parameters of the users behind it."""

    text: str
    opens: Mapping[str, str] | None = None


def by_period(asked: Served, values: MetricValues, labels: Labels, filters: Mapping[str, str]) -> dict[str, Any]:
    """The lines of a metric by period, one a group; what is not over yet is left out of the line and said in the table.

    A ratio of all users stands with its numerator and its denominator. `filters`: those of the address, which travel along.
    """
    starts = sorted({row.since for row in values.rows})
    whole = {row.since for row in values.rows if row.is_complete}
    groups = list(dict.fromkeys(row.group for row in values.rows))
    at = {(row.since, row.group): row for row in values.rows}
    last = {group: _last(values.rows, group) for group in groups}
    largest = sorted(groups, key=lambda group: -last[group])
    shown = [group for group in largest if group is not None][:MOST_GROUPS] if values.by else largest
    sides = ("numerator", "denominator") if asked.denominator and not values.by else ()

    def number(start: date, group: str | None) -> float | None:
        row = at.get((start, group))
        return float(row.value) if row and row.value is not None and row.is_complete else None

    def cell(row: MetricValue | None, side: str = "") -> Cell:
        value = (getattr(row, side) if side else row.value) if row else None
        unit = ("usdt" if isinstance(value, Decimal) else "count") if side else asked.unit
        if row is None or not value:
            return Cell(amount(unit, value))
        more = {
            **({"by": str(values.by), "group": row.group} if row.group else {}),
            **({"side": side} if side else {}),
            **filters,
        }
        return Cell(amount(unit, value), behind(asked.key, row.since, row.until, values.period, **more))

    series = [
        {"name": group_name(values.by, group, labels), "values": [number(start, group) for start in starts]} for group in shown
    ]
    rows = [
        {
            "start": start,
            "is_whole": start in whole,
            "cells": [cell(at.get((start, group))) for group in shown] + [cell(at.get((start, None)), side) for side in sides],
            "why": next((row.reason for group in shown if (row := at.get((start, group))) and row.reason), ""),
        }
        for start in reversed(starts)
    ]
    return {
        "chart": {"labels": [str(start) for start in starts], "unit": asked.unit, "series": series},
        "columns": [each["name"] for each in series] + [str(SIDES[side]) for side in sides],
        "rows": rows,
    }


def _last(rows: Sequence[MetricValue], group: str | None) -> float:
    return next((float(row.value) for row in reversed(rows) if row.group == group and row.value is not None), 0.0)


def group_name(by: str | None, group: str | None, labels: Labels) -> str:
    """A group of a split, in words."""
    if group is None:
        return _("All")
    if group == "(not known)":
        return _("not known")
    if by in labels.by_key:
        return labels.stratum(str(by), group)
    return words.product(group) if by == "product" else words.value(str(by), group)


def shown_signal(each: SignalSeen, labels: Labels) -> ShownSignal:
    """A signal as a sentence: what broke out, since when, by how much."""
    signal = each.signal
    name = words.metric(signal.metric)
    if signal.group:
        by, _equals, group = signal.group.partition("=")
        name += f" · {group_name(by, group, labels) if group else signal.group}"
    size = figures.signed_ratio(signal.size_ratio) if signal.size_ratio is not None else ""
    says = _("%(direction)s since %(day)s: %(size)s against what was usual, on %(days)s days") % {
        "direction": _("Higher") if signal.direction == "up" else _("Lower"),
        "day": figures.day(signal.day),
        "size": size or figures.NONE,
        "days": signal.days,
    }
    note = each.answer.note if each.answer else ""
    beside = tuple(one.title for one in each.beside)
    return ShownSignal(
        signal.key, signal.metric, name, says, str(STATES.get(each.state, each.state)), each.state == "open", each.owner or "", note,
        beside, each,
    )  # fmt: skip


def control(found: SignalChart) -> dict[str, Any] | None:
    """The control chart as the page draws it; None where there is none."""
    if not isinstance(found.drawn, Chart):
        return None
    rows = found.drawn.rows[-120:]
    unit = BY_KEY[found.metric].unit if found.metric in BY_KEY else "ratio"
    return {
        "labels": [str(row.day) for row in rows],
        "unit": unit,
        "name": words.metric(found.metric),
        "values": [row.value for row in rows],
        "centre": [row.expected for row in rows],
        "low": [row.low for row in rows],
        "high": [row.high for row in rows],
        "broke": [str(RULES.get(row.rule, row.rule)) if row.rule else None for row in rows],
        "names": {"usual": _("usual"), "between": _("usually between")},
    }
