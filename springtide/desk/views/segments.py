"""Segments: which groups have we named? Sizes, who came and went, the builder, overlap, and lists of ids that people bring."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.analytics.segments import COLUMNS
from springtide.analytics.segments.tree import text_of, tree_of
from springtide.desk import explore, words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.builder import COLUMN_OPS, KINDS, Build
from springtide.desk.selections import asked
from springtide.desk.shell import Shell, shell_of
from springtide.desk.strip import long_text, short_text
from springtide.desk.words import told_error
from springtide.home.lists import ids_in
from springtide.home.segments import SegmentDays
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, NothingYet, SpringtideError
from springtide.operations.definitions import reads
from springtide.operations.definitions.actions import publish_definition, retire_definition
from springtide.operations.members import states as rights
from springtide.operations.members.fields import refuse_closed

LARGEST_LIST = 32 * 2**20
SHOWN_UNMATCHED = 50


@require_GET
@needs(rights.SEE_SEGMENTS)
def listed(request: MemberRequest) -> HttpResponse:
    """Every segment in force, the largest first; the lists of ids beside them."""
    shell = shell_of(request)
    shell.home.lake.snapshot().require_closed()
    found = shell.home.segments()
    return render(
        request,
        "segments/segments.html",
        {
            "segments": found,
            "lists": [(each, _said(each)) for each in reads.definitions("id_list", request.member)],
            "may_edit": request.member.may(rights.EDIT_SEGMENTS),
            "example": "lifecycle = 'lapsing' and asset_size_usdt >= 1000",
            "purposes": {"list": _("list"), "suppression": _("suppression")},
            "left": short_text(request.GET, "left"),
            "right": short_text(request.GET, "right"),
            "overlap": _overlap(shell, request),
        },
    )


@require_GET
@needs(rights.SEE_SEGMENTS)
def page(request: MemberRequest, key: str) -> HttpResponse:
    """One segment: its text, its days, its versions."""
    shell = shell_of(request)
    seen = reads.definition("segment", key, request.member)
    row = next((each for each in shell.home.segments().rows if each.key == key), None)
    try:
        days: SegmentDays | None = shell.home.segment_days(key)
    except NothingYet:
        days = None
    return render(
        request,
        "segments/segment.html",
        {
            "segment": seen,
            "row": row,
            "days": days,
            "chart": _days_chart(days),
            "history": reads.history("segment", key, request.member),
            "where": f"segment('{key}')",
        },
    )


@require_GET
@needs(rights.EDIT_SEGMENTS)
def edit(request: MemberRequest) -> HttpResponse:
    """A new segment, or another version of one; with `text` it begins with that."""
    key, text = short_text(request.GET, "key"), long_text(request.GET, "text")
    seen = reads.definition("segment", key, request.member) if key else None
    body = seen.body if seen else {}
    build = _build_of(str(body.get("text", text)))
    return render(
        request,
        "segments/edit.html",
        {"seen": seen, "text": body.get("text", text), "select": body.get("select", ""), **_builder(shell_of(request), build)},
    )


@require_POST
@needs(rights.EDIT_SEGMENTS)
def build(request: MemberRequest) -> HttpResponse:
    """The builder after a change, with the text that it says and its size."""
    shell, made = shell_of(request), Build.read(request.POST.dict())
    error, text, size = None, "", None
    try:
        text = text_of(made.tree())
        size = _size(request, shell, text)
    except SpringtideError as refused:
        error = told_error(refused)
    return render(
        request, "segments/built.html", {"text": text, "size": size, "error": error, "is_built": True, **_builder(shell, made)}
    )


@require_GET
@needs(rights.SEE_SEGMENTS)
def size(request: MemberRequest) -> HttpResponse:
    """How many users a text takes, while it is typed."""
    shell, error, found = shell_of(request), None, None
    try:
        text = long_text(request.GET, "text")
        found = _size(request, shell, text) if text else None
    except SpringtideError as refused:
        error = told_error(refused)
    return render(request, "segments/size.html", {"size": found, "error": error, "text": request.GET.get("text", "")})


@require_POST
@needs(rights.EDIT_SEGMENTS)
def publish(request: MemberRequest) -> HttpResponse:
    """Put a segment in force; the next close tells who is in it."""
    sent = request.POST
    title, text = sent.get("title", "").strip(), sent.get("text", "").strip()
    key = sent.get("key", "").strip() or slug(title)
    body = {"text": text, **({"about": about} if (about := sent.get("about", "").strip()) else {})}
    try:
        publish_definition(
            "segment", key, title=title, body=body, acting=request.member, now=clock.now(), seen=sent.get("seen", "")
        )
    except SpringtideError as refused:
        shell = shell_of(request)
        shown = {"seen": None, "text": text, "title": title, "about": sent.get("about", ""), "error": told_error(refused)}
        return render(request, "segments/edit.html", {**shown, **_builder(shell, _build_of(text))}, status=400)
    messages.success(request, _("The segment is in force. Its members are told from the next close on."))
    return redirect("segment", key=key)


@require_POST
@needs(rights.EDIT_SEGMENTS)
def retire(request: MemberRequest, kind: str, key: str) -> HttpResponseRedirect:
    """Take a segment or a list out of force."""
    if kind not in ("segment", "id_list"):
        raise BadInput(f"'{kind}' is not taken away here.", "Choose a segment or a list.", code="bad_filter")
    seen = reads.definition(kind, key, request.member)
    try:
        retire_definition(kind, key, acting=request.member, now=clock.now(), seen=seen.content_hash)
        messages.success(request, _("“%(title)s” is out of force.") % {"title": seen.title})
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("segments")


@require_POST
@needs(rights.EDIT_SEGMENTS)
def bring(request: MemberRequest) -> HttpResponse:
    """A pasted or uploaded list of ids becomes a list and a segment of its own; ids that no user has are given back."""
    sent, upload = request.POST, request.FILES.get("file")
    title, purpose = sent.get("title", "").strip(), sent.get("purpose", "list")
    try:
        if upload is not None and (upload.size or 0) > LARGEST_LIST:
            raise BadInput("This file is too large for a list of ids.", "Give a file of up to 32 MB.", code="too_large")
        text = upload.read().decode("utf-8-sig", errors="replace") if upload else sent.get("ids", "")
        kept = shell_of(request).home.keep_ids(ids_in(text), purpose=purpose)
        _publish_list(request, slug(title), title, kept.body)
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("segments")
    shown = {
        "kept": kept,
        "title": title,
        "few": kept.unmatched[:SHOWN_UNMATCHED],
        "more": max(0, len(kept.unmatched) - SHOWN_UNMATCHED),
    }
    return render(request, "segments/brought.html", shown)


@require_POST
@needs(rights.EDIT_SEGMENTS)
def save_list(request: MemberRequest) -> HttpResponseRedirect:
    """The list that is open, as a segment with the same count: by its rule where a rule says it, else by the users' ids."""
    shell, title = shell_of(request), request.POST.get("title", "").strip()
    picked = asked(request.GET, shell.labels, shell.home.lake.snapshot().require_closed(), shell.home, request.member)
    chosen, key = picked.selection, slug(title)
    try:
        is_rule = not (chosen.moved or chosen.stood or chosen.user_id or chosen.chosen is not None or chosen.as_of)
        if is_rule:
            body: dict[str, Any] = {"text": chosen.rule}
        else:
            users = shell.home.users(chosen, columns=("registered_on",), order="registered_on", limit=1_000_000)
            _publish_list(request, key, title, shell.home.keep_ids([str(row[0]) for row in users.rows]).body)
            body = {"text": f"in_list('{key}')"}
        publish_definition(
            "segment", key, title=title, body={**body, "about": picked.title[:200]}, acting=request.member, now=clock.now()
        )
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("segments")
    messages.success(request, _("The segment is in force. Its members are told from the next close on."))
    return redirect("segment", key=key)


def _said(listed: reads.DefinitionSeen) -> str:
    """How a segment names a list."""
    word = "suppressed" if listed.body.get("purpose") == "suppression" else "in_list"
    return f"{word}('{listed.key}')"


def slug(title: str) -> str:
    """A key from a title: letters and digits of any script would not do for a file's name."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60] or f"named_{clock.now():%Y%m%d%H%M%S}"


def _publish_list(request: MemberRequest, key: str, title: str, body: dict[str, Any]) -> None:
    seen = reads.hash_in_force("id_list", key, request.member)
    publish_definition("id_list", key, title=title, body=body, acting=request.member, now=clock.now(), seen=seen)


def _size(request: MemberRequest, shell: Shell, text: str) -> Any:
    refuse_closed(request.member, shell.home.columns_asked(text))
    return shell.home.segment_size(text)


def _build_of(text: str) -> Build | None:
    """The rows that say a text; None where there are none."""
    if not text:
        return Build()
    try:
        return Build.of(tree_of(text))
    except SpringtideError:
        return None


def _builder(shell: Shell, made: Build | None) -> dict[str, Any]:
    """What the builder offers. Columns that were never given are left out."""
    missing, labels = shell.home.missing(), shell.labels
    strata = {key: [(each.name, labels.stratum(key, each.name)) for each in labels.by_key[key].strata] for key in labels.by_key}
    columns = [(key, labels.stratification(key)) for key in labels.by_key if key not in missing]
    columns += sorted(
        (
            (name, words.column(name))
            for name in COLUMNS
            if name not in missing and name not in labels.by_key and name != "user_no"
        ),
        key=lambda each: each[1],
    )
    return {
        "build": made,
        "kinds": KINDS,
        "ops": COLUMN_OPS,
        "columns": columns,
        "strata": strata,
        "events": [(key, explore.event_name(key)) for key in shell.home.event_names()],
        "segment_keys": sorted(((each.key, each.title) for each in shell.home.named().segments), key=lambda each: each[1]),
        "list_keys": [(each.key, each.title) for each in reads.definitions("id_list")],
    }


def _overlap(shell: Shell, request: MemberRequest) -> Any:
    left, right = short_text(request.GET, "left"), short_text(request.GET, "right")
    if not (left and right):
        return None
    try:
        return shell.home.segment_overlap(left, right)
    except SpringtideError as refused:
        return told_error(refused)


def _days_chart(days: SegmentDays | None) -> dict[str, Any] | None:
    if not days or not days.rows:
        return None
    shown = days.rows[-90:]
    series = [{"name": _("Users"), "values": [each.users for each in shown]}]
    return {"labels": [str(each.day) for each in shown], "unit": "users", "series": series}
