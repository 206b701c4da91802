"""Diagnosis: where does growth leak, and what is it worth? Strategy: what does each group get?"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.analytics.segments import read_strategy, shipped_content, with_play
from springtide.cycle.differences import strategy_lines
from springtide.desk import strategy
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import short_text
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, SpringtideError, UnknownName
from springtide.operations.definitions import actions, reads
from springtide.operations.members import approvals
from springtide.operations.members import states as rights
from springtide.operations.members.actions import allow_export
from springtide.reports.strategy import write_strategy

KIND = KEY = "strategy"
LARGEST = 200_000
_AS_TEXT: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 140, "default_flow_style": None}


@require_GET
@needs(rights.SEE_OVERVIEW)
def diagnosis(request: MemberRequest) -> HttpResponse:
    """The standing problems, sized and ranked; every finding opens its users."""
    shell = shell_of(request)
    found = shell.home.diagnosis(shell.strip.day)
    shown = strategy.problems(found, shell.language)
    return render(
        request, "strategy/diagnosis.html", {"problems": shown, "says": strategy.sentence(shown), "as_of": found.as_of}
    )


@require_GET
@needs(rights.SEE_SEGMENTS)
def matrix(request: MemberRequest) -> HttpResponse:
    """The matrix with its users, what is at stake and what leaks; and the version that waits for a second person."""
    shell = shell_of(request)
    in_force, found = shell.home.strategy(), shell.home.engagement(shell.strip.day)
    return render(
        request,
        "strategy/strategy.html",
        {
            "strategy": in_force,
            "title": in_force.title.within(shell.language),
            "found": found,
            **_draft(request),
            "may_edit": request.member.may(rights.EDIT_SEGMENTS),
            **strategy.matrix(in_force, found, shell.labels, shell.language),
        },
    )


@require_POST
@needs(rights.EXPORT_USERS)
def export(request: MemberRequest) -> HttpResponse:
    """The strategy as an Excel workbook."""
    shell = shell_of(request)
    file, found = BytesIO(), shell.home.engagement()
    allow_export(request.member, what="strategy", users=0, details={"form": "xlsx", "version": found.version}, now=clock.now())
    write_strategy(found, shell.home.strategy(), shell.labels.by_key, file, language=shell.language)
    response = HttpResponse(file.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response.headers["Content-Disposition"] = f'attachment; filename="springtide-strategy-{found.as_of}.xlsx"'
    return response


@require_GET
@needs(rights.EDIT_SEGMENTS)
def edit(request: MemberRequest) -> HttpResponse:
    """The matrix to choose a cell from, or one cell's form: of the open draft, else of what is in force."""
    return _page(request, _begun(request), cell=short_text(request.GET, "cell"))


@require_POST
@needs(rights.EDIT_SEGMENTS)
def change(request: MemberRequest) -> HttpResponse:
    """Save one cell or the whole text in the draft, submit it or throw it away."""
    sent, what, seen, now = request.POST, request.POST.get("what", ""), request.POST.get("seen", ""), clock.now()
    body, cell = _begun(request), short_text(request.POST, "cell")
    try:
        if what == "drop":
            actions.drop_draft(KIND, KEY, seen=seen, acting=request.member, now=now)
            messages.success(request, _("The draft is thrown away."))
            return redirect("strategy")
        if what not in ("save", "submit"):
            raise BadInput(f"'{what}' is no way to change the strategy.", "Go back to the page.", code="bad_filter")
        if cell:
            body = with_play(body, *_cell(cell), strategy.read_play(sent.dict()))
        elif "text" in sent:
            body = _read(sent["text"])
        title = _("Engagement strategy")
        draft = actions.save_draft(KIND, KEY, title=title, body=body, seen=seen, acting=request.member, now=now)
        if what == "submit":
            actions.submit_definition(KIND, KEY, seen=draft.content_hash, acting=request.member, now=now)
    except SpringtideError as refused:
        return _page(request, _begun(request), cell=cell, error=refused)
    messages.success(request, _("The draft is saved.") if what == "save" else _("It waits for a second person."))
    return redirect("edit_strategy" if what == "save" else "strategy")


def _page(request: MemberRequest, body: dict[str, Any], *, cell: str, error: SpringtideError | None = None) -> HttpResponse:
    shell = shell_of(request)
    stratifications = shell.home.stratifications()
    told = read_strategy(body, stratifications)
    shown: dict[str, Any] = {
        **_draft(request),
        **strategy.rows_of(told, shell.home.engagement(shell.strip.day), shell.labels, shell.language),
        "seen": _seen(request),
        "text": request.POST.get("text") or yaml.safe_dump(body, **_AS_TEXT),
        "text_is_open": "text" in request.POST,
        "error": error and told_error(error),
    }
    if cell:
        lifecycle, tier = _cell(cell)
        if (lifecycle, tier) not in told.cells:
            raise UnknownName(f"There is no cell '{cell}'.", "Choose one from the matrix.", code="unknown_cell")
        label = next(each.label.within(shell.language) for each in told.tiers if each.key == tier)
        shown["cell"] = cell
        shown["cell_title"] = f"{shell.labels.stratum('lifecycle', lifecycle)} × {label}"
        shown["choices"] = strategy.choices(told, lifecycle, tier, shell.language)
    elif shown["draft"]:
        lifecycle_strata = next(each for each in stratifications if each.key == "lifecycle")
        shown["lines"] = tuple(strategy_lines(shell.home.strategy(), told, lifecycle_strata, shell.language))
    return render(request, "strategy/edit.html", shown, status=400 if error else 200)


def _draft(request: MemberRequest) -> dict[str, Any]:
    """The version that is being written or waits, and the approval that it waits for."""
    draft = reads.draft(KIND, KEY, request.member)
    return {"draft": draft, "approval": approvals.question_about(KIND, draft.number) if draft else None}


def _seen(request: MemberRequest) -> str:
    draft = reads.draft(KIND, KEY, request.member)
    return draft.content_hash if draft else reads.hash_in_force(KIND, KEY)


def _begun(request: MemberRequest) -> dict[str, Any]:
    """Where an edit begins: the open draft, else what is in force."""
    own = reads.draft(KIND, KEY, request.member) or reads.in_force(KIND, KEY)
    return dict(own.body) if own else shipped_content()


def _cell(name: str) -> tuple[str, str]:
    """Lifecycle and tier of a cell, as an address names it."""
    lifecycle, _colon, rest = name.partition(":")
    return lifecycle, rest.partition(":")[0]


def _read(text: str) -> dict[str, Any]:
    """refuses    bad_strategy    it is no YAML, or no mapping"""
    try:
        body = yaml.safe_load(text) if len(text) <= LARGEST else None
    except yaml.YAMLError as bad:
        raise BadInput(f"This is no YAML: {bad}.", "Mend the line it names.", code="bad_strategy") from bad
    if not isinstance(body, dict):
        raise BadInput("This is no strategy.", "Begin with the text that the page showed.", code="bad_strategy")
    return {str(name): value for name, value in body.items() if name not in ("key", "version")}
