"""Dashboards: answers that a member pinned, side by side; shared ones are seen by everybody."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.desk.access import MemberRequest, needs
from springtide.desk.explore import read_question
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import SpringtideError
from springtide.operations.definitions import reads
from springtide.operations.definitions.actions import publish_definition, retire_definition
from springtide.operations.members import states as rights

MOST_TILES = 24


@require_GET
@needs(rights.SEE_OVERVIEW)
def listed(request: MemberRequest) -> HttpResponse:
    """One's own dashboards, and those that others share."""
    return render(request, "explore/dashboards.html", {"dashboards": reads.definitions("dashboard", request.member)})


@require_GET
@needs(rights.SEE_OVERVIEW)
def page(request: MemberRequest, key: str) -> HttpResponse:
    """One dashboard; each answer comes by itself."""
    seen = reads.definition("dashboard", key, request.member)
    tiles = [
        {"title": each["title"], "question": each["question"], "query": json.dumps(each["question"], separators=(",", ":"))}
        for each in seen.body["tiles"]
    ]
    return render(request, "explore/dashboard.html", {"dashboard": seen, "tiles": tiles})


@require_POST
@needs(rights.SEE_OVERVIEW)
def pin(request: MemberRequest) -> HttpResponseRedirect:
    """Put an answer on a dashboard, an old one or a new one of the same name."""
    title, wanted = request.POST.get("title", "").strip(), request.POST.get("dashboard", "")
    tile = {"title": title, "question": dict(read_question(request.POST.get("q", "")))}
    if wanted:
        seen = reads.definition("dashboard", wanted, request.member)
        body: dict[str, Any] = {**seen.body, "tiles": [*seen.body["tiles"], tile]}
        return _published(request, wanted, seen.title, body, seen.content_hash)
    key = f"{slugify(title) or 'dashboard'}-{clock.now():%y%m%d%H%M%S}"[:64]
    return _published(request, key, title, {"tiles": [tile], "is_shared": False}, "")


@require_POST
@needs(rights.SEE_OVERVIEW)
def change(request: MemberRequest, key: str) -> HttpResponseRedirect:
    """Share a dashboard or keep it to oneself, take a tile off it, or take it away."""
    seen = reads.definition("dashboard", key, request.member)
    what, body = request.POST.get("what", ""), dict(seen.body)
    if what == "retire":
        try:
            retire_definition("dashboard", key, acting=request.member, now=clock.now(), seen=seen.content_hash)
        except SpringtideError as refused:
            messages.error(request, str(told_error(refused)))
        return redirect("dashboards")
    if what == "share":
        body["is_shared"] = not body.get("is_shared", False)
    elif what.isascii() and what.isdigit() and int(what) < len(body["tiles"]):
        body["tiles"] = [tile for n, tile in enumerate(body["tiles"]) if n != int(what)]
    return _published(request, key, seen.title, body, seen.content_hash)


def _published(request: MemberRequest, key: str, title: str, body: dict[str, Any], seen: str) -> HttpResponseRedirect:
    try:
        publish_definition("dashboard", key, title=title, body=body, acting=request.member, now=clock.now(), seen=seen)
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("dashboards")
    messages.success(request, _("The dashboard is kept."))
    return redirect("dashboard", key=key)
