"""Changes: from what a form says to two periods, and from a change taken apart to the waterfall that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from springtide.analytics.metrics.changes import EXPLAINED, UNDIVIDED, Contribution, Opens, Span, Split, Why, groupings
from springtide.desk import figures, words
from springtide.desk.words import Labels, Word, plain
from springtide.kernel.errors import BadInput

BARS = 8
RATIO = "ratio"

EFFECTS: Mapping[str, Word] = {
    "level": gettext_lazy("more or less of it"),
    "length": gettext_lazy("length of the period"),
    "rate": gettext_lazy("own rate"),
    "mix": gettext_lazy("share of users"),
    "not split": gettext_lazy("cannot be split"),
    "traders": gettext_lazy("Traders"),
    "trades per trader": gettext_lazy("Trades per trader"),
    "size of a trade": gettext_lazy("Size of a trade"),
    "take rate": gettext_lazy("Take rate"),
    "net take rate": gettext_lazy("Net take rate"),
    "net deposits": gettext_lazy("Net deposits"),
    "price effect": gettext_lazy("Prices"),
    "trading PnL": gettext_lazy("Trading profit or loss"),
    "fees": gettext_lazy("Fees"),
    "rewards": gettext_lazy("Rewards"),
    "other": gettext_lazy("Everything else"),
}
GROUPINGS: Mapping[str, Word] = {
    "factors": gettext_lazy("Factors"),
    "flows": gettext_lazy("Flows"),
    "parts": gettext_lazy("What it is the sum of"),
    "product": gettext_lazy("Product"),
}
_TOP = gettext_lazy("Who is among the largest changes with it, so no part belongs to one group alone.")
# Figures whose change has no parts: name, and why.
WHOLE: Mapping[str, tuple[Word, Word]] = {
    "gini": (
        gettext_lazy("Gini coefficient"),
        gettext_lazy("It compares every user with every other, so no part belongs to one group alone."),
    ),
    "hhi": (
        gettext_lazy("Concentration (HHI)"),
        gettext_lazy("Its parts are squares of shares of the whole: a group's part moves when only others do."),
    ),
    "top_percent_share": (gettext_lazy("Share of the largest users in a hundred"), _TOP),
    "top_users_share": (gettext_lazy("Share of the ten largest users"), _TOP),
    "median_hours": (
        gettext_lazy("Median time to the next step"),
        gettext_lazy("The median of all users is no sum or mean of the medians of groups."),
    ),
}
NOT_ESTIMABLE: Mapping[str, Word] = {
    "no_denominator": gettext_lazy("One of the periods has nobody to take the ratio over."),
    "negative_denominator": gettext_lazy("A group stands below zero under the line of the ratio, so it has no weight."),
    "no_logarithm": gettext_lazy("Quantities below zero, or a value without users, cannot be split into factors."),
}
SPANS: Mapping[str, Word] = {
    "7": gettext_lazy("The last 7 days against the 7 before"),
    "28": gettext_lazy("The last 28 days against the 28 before"),
    "1": gettext_lazy("The last day against the same weekday before"),
    "own": gettext_lazy("Days of my own"),
}


@dataclass(frozen=True)
class ChangeForm:
    """What the page is asked: a metric, by what to take it apart, and the two periods."""

    metric: str
    by: str
    movers: bool
    span: str
    then: Span
    now: Span

    @classmethod
    def read(cls, said: Mapping[str, str], latest: date) -> ChangeForm:
        """refuses    bad_filter, bad_day, empty_range    a field says what it cannot"""
        metric = said.get("metric", "") or "net_revenue"
        by = said.get("by", "")
        chosen = said.get("span", "") or "7"
        if chosen not in SPANS:
            raise BadInput(f"'span' cannot be '{chosen}'.", f"It can be: {', '.join(SPANS)}.", code="bad_filter")
        if chosen == "own" and said.get("then") and said.get("now"):
            then, now = Span.parse(said["then"]), Span.parse(said["now"])
        else:
            days = 7 if chosen == "own" else int(chosen)
            now = Span(latest - timedelta(days=days - 1), latest)
            back = timedelta(days=7 if days == 1 else days)
            then = Span(now.since - back, now.until - back)
        return cls(metric, by, said.get("movers") == "1", chosen, then, now)


@dataclass(frozen=True)
class Row:
    """One contribution as the table shows it, with the address parameters of its users."""

    name: str
    effect: str
    amount: str
    share: str
    then: str
    now: str
    opens: Mapping[str, str] | None


@dataclass(frozen=True)
class ShownChange:
    """A change as the page shows it. `not_estimable` says why it cannot be taken apart."""

    says: str
    unit: str
    then: str
    now: str
    change: str
    rows: tuple[Row, ...]
    data: Mapping[str, Any]
    market: str
    not_estimable: str = ""


def metrics() -> dict[str, str]:
    """The metrics whose change can be taken apart, by name."""
    return {each.key: words.metric(each.key) for each in EXPLAINED}


def whole() -> dict[str, str]:
    """The figures whose change has no parts, by name."""
    return {key: str(WHOLE[key][0]) for key in UNDIVIDED}


def choices(metric: str) -> list[tuple[str, str]]:
    """By what a metric can be taken apart; stratifications are named by the labels of the home."""
    found = next((each for each in EXPLAINED if each.key == metric), None)
    return [(key, str(GROUPINGS.get(key) or "")) for key in groupings(found)] if found else []


def shown_change(why: Why, labels: Labels) -> ShownChange:
    """The sentence, the waterfall and the table that stands behind it."""
    name, is_ratio = words.metric(why.metric), why.unit == RATIO
    market = _market(why)
    if not isinstance(why.split, Split):
        reason = WHOLE[why.metric][1] if why.metric in WHOLE else NOT_ESTIMABLE.get(why.split.code) or why.split.reason
        return ShownChange("", why.unit, "", "", "", (), {}, market, str(reason))
    split = why.split
    rows = tuple(_row(row, split, why, labels, is_ratio=is_ratio) for row in split.rows)
    says = _("%(metric)s went from %(then)s to %(now)s (%(change)s).") % {
        "metric": name,
        "then": _amount(split.then, is_ratio=is_ratio),
        "now": _amount(split.now, is_ratio=is_ratio),
        "change": _signed(split.change, is_ratio=is_ratio),
    }
    moving = next((row for row in rows if row.amount.startswith(("+", "−"))), None)
    if moving:
        says += " " + _("Most of it: %(name)s, %(amount)s.") % {"name": moving.name, "amount": moving.amount}
    return ShownChange(
        says,
        why.unit,
        _amount(split.then, is_ratio=is_ratio),
        _amount(split.now, is_ratio=is_ratio),
        _signed(split.change, is_ratio=is_ratio),
        rows,
        _waterfall(split, rows, why),
        market,
    )


def _row(row: Contribution, split: Split, why: Why, labels: Labels, *, is_ratio: bool) -> Row:
    effect = str(EFFECTS.get(row.effect) or plain(row.effect))
    name = effect if row.group is None else _group(row.group, why, labels)
    share = float(row.amount / split.change) if split.change else None
    return Row(
        name if row.group is None or row.effect in ("level",) else f"{name}: {effect}",
        effect,
        _signed(row.amount, is_ratio=is_ratio),
        figures.ratio(share) if share is not None and row.amount else figures.NONE,
        _plainly(row.then),
        _plainly(row.now),
        _query(row.opens),
    )


def _waterfall(split: Split, rows: tuple[Row, ...], why: Why) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"name": _("Then"), "value": float(split.then), "total": True}]
    steps += [{"name": row.name, "value": float(part.amount)} for row, part in zip(rows[:BARS], split.rows[:BARS], strict=True)]
    if len(rows) > BARS:
        rest = sum((part.amount for part in split.rows[BARS:]), Decimal(0))
        steps.append({"name": _("%(count)s more") % {"count": len(rows) - BARS}, "value": float(rest)})
    steps.append({"name": _("Now"), "value": float(split.now), "total": True})
    return {"unit": why.unit, "steps": steps}


def _group(group: str, why: Why, labels: Labels) -> str:
    def named(key: str) -> str:
        if why.by == "parts":
            return words.metric(key)
        if why.by == "product":
            return words.product(key)
        if key == "(new)":
            return _("new")
        return _("not known") if key == "(not known)" else labels.stratum(why.by, key) if why.by in labels.by_key else key

    was, arrow, becomes = group.partition(" → ")
    return f"{named(was)} → {named(becomes)}" if arrow else named(group)


def _query(opens: Opens | None) -> dict[str, str] | None:
    """The address parameters of the list: the rule is one of a single column."""
    if opens is None:
        return None
    query = {"day": str(opens.as_of), "where": opens.rule}
    if opens.stratification and opens.stood_on:
        query |= {"was": f"{opens.stratification}:{opens.from_stratum or ''}", "since": str(opens.stood_on)}
    return query


def _market(why: Why) -> str:
    def told(days: Mapping[str, int]) -> str:
        return ", ".join(_("%(regime)s %(days)s d") % {"regime": words.regime(key), "days": n} for key, n in days.items())

    then, now = told(why.regimes_then), told(why.regimes_now)
    return _("Market then: %(then)s; now: %(now)s.") % {"then": then or _("not known"), "now": now or _("not known")}


def _amount(value: Decimal, *, is_ratio: bool) -> str:
    return figures.ratio(float(value), 2) if is_ratio else figures.short(value)


def _signed(value: Decimal, *, is_ratio: bool) -> str:
    if not value:
        return "0"
    return ("+" if value > 0 else "") + (f"{figures.ratio(float(value), 2)[:-1]} pp" if is_ratio else figures.short(value))


def _plainly(value: Decimal | None) -> str:
    if value is None:
        return figures.NONE
    return f"{value:,.4g}" if abs(value) < 10 and value != int(value) else figures.short(value)
