"""Diagnosis: where does growth leak, and what is it worth? Strategy: what does each group get?"""

from __future__ import annotations

from io import BytesIO

import yaml
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.analytics.segments import shipped_content
from springtide.desk import strategy
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import short_text
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, SpringtideError
from springtide.operations.definitions import actions, reads
from springtide.operations.definitions.reads import DefinitionSeen
from springtide.operations.members import states as rights
from springtide.operations.members.actions import allow_export
from springtide.reports.strategy import write_strategy

KIND = KEY = "strategy"
LARGEST = 200_000


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
            "draft": reads.draft(KIND, KEY, request.member),
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
    """The strategy as text: the open draft, else what is in force."""
    draft = reads.draft(KIND, KEY, request.member)
    return render(request, "strategy/edit.html", {"text": _text(draft), "seen": _seen(draft), "draft": draft})


@require_POST
@needs(rights.SEE_SEGMENTS)
def change(request: MemberRequest) -> HttpResponse:
    """Save, submit or drop a draft; approve or return one that somebody else wrote."""
    sent, what, seen, now = request.POST, request.POST.get("what", ""), request.POST.get("seen", ""), clock.now()
    try:
        if what in ("save", "submit"):
            body = _read(sent.get("text", ""))
            draft = actions.save_draft(
                KIND, KEY, title=_("Engagement strategy"), body=body, seen=seen, acting=request.member, now=now
            )
            if what == "submit":
                actions.submit_definition(KIND, KEY, seen=draft.content_hash, acting=request.member, now=now)
            said = _("The draft is saved.") if what == "save" else _("It waits for a second person.")
        elif what == "drop":
            actions.drop_draft(KIND, KEY, seen=seen, acting=request.member, now=now)
            said = _("The draft is thrown away.")
        elif what == "approve":
            actions.approve_definition(KIND, KEY, seen=seen, acting=request.member, now=now)
            said = _("It is in force.")
        elif what == "return":
            actions.return_definition(KIND, KEY, note=short_text(sent, "note"), seen=seen, acting=request.member, now=now)
            said = _("It is returned.")
        else:
            raise BadInput(f"'{what}' is no way to change the strategy.", "Go back to the page.", code="bad_filter")
    except SpringtideError as refused:
        if what in ("save", "submit"):
            shown = {"text": sent.get("text", ""), "seen": seen, "draft": None, "error": told_error(refused)}
            return render(request, "strategy/edit.html", shown, status=400)
        messages.error(request, str(told_error(refused)))
        return redirect("strategy")
    messages.success(request, said)
    return _back()


def _back() -> HttpResponseRedirect:
    return redirect("strategy")


def _seen(draft: DefinitionSeen | None) -> str:
    return draft.content_hash if draft else reads.hash_in_force(KIND, KEY)


def _text(draft: DefinitionSeen | None) -> str:
    own = draft or reads.in_force(KIND, KEY)
    body = dict(own.body) if own else shipped_content()
    return yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=140, default_flow_style=None)


def _read(text: str) -> dict[str, object]:
    """refuses    bad_strategy    it is no YAML, or no mapping"""
    try:
        body = yaml.safe_load(text) if len(text) <= LARGEST else None
    except yaml.YAMLError as bad:
        raise BadInput(f"This is no YAML: {bad}.", "Mend the line it names.", code="bad_strategy") from bad
    if not isinstance(body, dict):
        raise BadInput("This is no strategy.", "Begin with the text that the page showed.", code="bad_strategy")
    return {str(name): value for name, value in body.items() if name not in ("key", "version")}
