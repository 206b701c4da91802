"""The Overview: how are our users doing? The head comes with the page; each picture is a tile with an address of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from springtide.desk import charts, reads, words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import Shell, shell_of
from springtide.desk.strip import Strip, short_text
from springtide.desk.tiles import Flows, Growth
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest
from springtide.operations.members import states

DAYS_OF_MOVES = ("1", "7", "28")


@require_GET
@needs(states.SEE_OVERVIEW)
def overview(request: MemberRequest) -> HttpResponse:
    """The page: five numbers, three movements, three lists; its pictures follow."""
    shell = shell_of(request)
    strip = Strip.read(request.GET)
    if shell.latest is None:
        return render(request, "overview_empty.html", {"facts": _facts_through(shell)})
    return render(
        request,
        "overview.html",
        {
            "headline": reads.headline(shell.home, strip, shell.labels),
            "movements": reads.movements(shell.home, strip, shell.labels),
            "lists": reads.work_lists(shell.home, strip),
            "tiles": TILES,
            "query": request.GET.urlencode(),
        },
    )


@require_GET
@needs(states.SEE_OVERVIEW)
def tile(request: MemberRequest, name: str) -> HttpResponse:
    """One tile of the Overview, as a fragment."""
    if name not in TILES:
        raise UnknownName(f"There is no tile '{name}'.", suggest(name, TILES), code="unknown_tile")
    # A tab says only what it changes. What the page's address says besides is kept, and the address comes to say both.
    here = QueryDict(urlsplit(request.headers.get("HX-Current-URL", "")).query).dict()
    said = {key: str(value) for key, value in {**here, **request.GET.dict()}.items() if value}
    kept = QueryDict(urlencode(said))
    request.GET = kept
    shell = shell_of(request)
    shell.home.lake.snapshot().require_closed()
    response = render(request, f"tiles/{name}.html", TILES[name](shell, Strip.read(kept)))
    if request.headers.get("HX-Current-URL"):
        response.headers["HX-Replace-Url"] = reverse("overview") + (f"?{kept.urlencode()}" if kept else "")
    return response


def _map(shell: Shell, strip: Strip) -> dict[str, Any]:
    return {"map": reads.cell_map(shell.home, strip, shell.labels)}


def _growth(shell: Shell, strip: Strip) -> dict[str, Any]:
    unit, period = _choice(shell, "unit", "users"), _choice(shell, "period", "week")
    products = reads.products(shell.home)
    product = _choice(shell, "product", "trading" if "trading" in products else next(iter(products), "trading"))
    growth = reads.growth(shell.home, strip, unit, period, product)
    units = {"users": _("Users"), "assets": _("Assets"), "revenue": _("Revenue")}
    periods = {"day": _("Day"), "week": _("Week"), "month": _("Month")}
    link = _list_link(shell)
    chart = charts.growth(growth, link) if isinstance(growth, Growth) else None
    return {
        "growth": growth,
        "unit": unit,
        "period": period,
        "product": product,
        "units": units,
        "periods": periods,
        "products": [(each, words.product(each)) for each in products],
        "chart": chart,
    }


def _strata(shell: Shell, strip: Strip) -> dict[str, Any]:
    missing = shell.home.missing()
    key = _choice(shell, "by", next((each for each in shell.labels.by_key if each not in missing), "lifecycle"))
    keys = {each: shell.labels.stratification(each) for each in shell.labels.by_key}
    return {"strata": reads.strata_bars(shell.home, strip, shell.labels, key), "by": key, "keys": keys}


def _moves(shell: Shell, strip: Strip) -> dict[str, Any]:
    key, since = _choice(shell, "moves", ""), _choice(shell, "since", "7")
    if since not in DAYS_OF_MOVES:
        raise BadInput(f"Moves cannot be shown since {since} days.", "Choose 1, 7 or 28.", code="bad_filter")
    if not key:
        missing = shell.home.missing()
        key = next((each for each in ("lifecycle", "activity") if each not in missing), "lifecycle")
    keys = {
        each: shell.labels.stratification(each)
        for each in ("lifecycle", "activity", "value", "assets")
        if each in shell.labels.by_key
    }
    stayed = _choice(shell, "stayed", "") == "1"
    flows = reads.flows(shell.home, strip, shell.labels, key, int(since), with_stayed=stayed)
    sinces = {"1": _("Since yesterday"), "7": _("7 days"), "28": _("28 days")}
    chart = charts.moves(flows, _list_link(shell)) if isinstance(flows, Flows) else None
    return {"flows": flows, "moves": key, "keys": keys, "since": since, "sinces": sinces, "stayed": stayed, "chart": chart}


def _activation(shell: Shell, strip: Strip) -> dict[str, Any]:
    return {"activation": reads.activation(shell.home, strip)}


def _freshness(shell: Shell, strip: Strip) -> dict[str, Any]:
    return {"freshness": reads.freshness(shell.home, shell.labels)}


TILES: dict[str, Callable[[Shell, Strip], dict[str, Any]]] = {
    "map": _map,
    "growth": _growth,
    "moves": _moves,
    "strata": _strata,
    "activation": _activation,
    "freshness": _freshness,
}


def _choice(shell: Shell, name: str, default: str) -> str:
    return short_text(shell.request.GET, name) or default


def _list_link(shell: Shell) -> charts.Link:
    return charts.list_address if shell.may_see_users else charts.no_address


def _facts_through(shell: Shell) -> Any:
    try:
        return shell.home.freshness().facts_through
    except NothingYet:
        return None
