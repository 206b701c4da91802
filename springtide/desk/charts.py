"""What `charts.js` draws, as plain JSON: labels, values and the addresses behind them. How it looks is decided there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from springtide.desk import figures, words
from springtide.desk.tiles import Flows, Growth, GrowthPoint, Query

Link = Callable[[Query | None], str | None]

UP = {"new": "new", "resurrected": "resurrected", "expansion": "expansion"}
DOWN = {"churned": "churned", "contraction": "contraction"}


def list_address(query: Query | None) -> str | None:
    """The list that a figure opens."""
    return f"{reverse('user_list')}?{urlencode(query)}" if query else None


def no_address(query: Query | None) -> str | None:
    """For members who may not see users: figures open nothing."""
    return None


def growth_names(growth: Growth) -> dict[str, str]:
    """The parts of growth accounting in the order they are stacked."""
    names = {"new": _("New"), "resurrected": _("Came back"), "churned": _("Lost")}
    if growth.is_money:
        names |= {"expansion": _("Grew"), "contraction": _("Shrank")}
    return names


def growth(growth: Growth, link: Link) -> dict[str, Any]:
    """Stacked bars up and down, the net line, the regime of each period."""
    names = growth_names(growth)

    def values(part: str) -> list[float]:
        sign = -1 if part in DOWN else 1
        return [sign * float(getattr(point, part)) for point in growth.points]

    def links(part: str) -> list[str | None]:
        return [link(point.opens.get(part)) for point in growth.points]

    def title(point: GrowthPoint) -> str:
        said = figures.period(point.start, growth.period)
        return said if point.is_whole else _("%(period)s, so far") % {"period": said}

    return {
        "labels": [_short(point, growth.period) for point in growth.points],
        "titles": [title(point) for point in growth.points],
        "series": [{"key": key, "name": name, "values": values(key), "links": links(key)} for key, name in names.items()],
        "net": {"name": _("Net"), "values": [float(point.net) for point in growth.points]},
        "active": {"name": _("Active"), "values": [float(point.active) for point in growth.points]},
        "partial": [not point.is_whole for point in growth.points],
        "regimes": [point.regime for point in growth.points],
        "regimeNames": {key: words.regime(key) for key in words.REGIMES},
        "market": _("Market"),
    }


def moves(flows: Flows, link: Link) -> dict[str, Any]:
    """A Sankey from where users stood to where they stand."""
    return {
        "strata": [{"key": key, "name": name} for key, name in flows.names.items()],
        "flows": [
            {"from": flow.from_key, "to": flow.to_key, "users": flow.users, "link": link(flow.opens)} for flow in flows.flows
        ],
        "users": _("users"),
    }


def _short(point: GrowthPoint, period: str) -> str:
    if period == "month":
        return figures.period(point.start, period)
    return figures.short_day(point.start)
