"""The edges of strata: where does each begin, and who would move if it began elsewhere? Two persons put a change in force."""

from __future__ import annotations

from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.analytics import strata
from springtide.analytics.strata import Stratification
from springtide.desk.access import MemberRequest, needs
from springtide.desk.definitions import Effect, edited_strata, effect, read_strata, stratification_of
from springtide.desk.shell import Shell, shell_of
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, SpringtideError
from springtide.operations.definitions import actions, reads
from springtide.operations.members import approvals
from springtide.operations.members import states as rights

KIND = "strata"
LARGEST = 100_000


@require_GET
@needs(rights.EDIT_SEGMENTS)
def edit(request: MemberRequest, key: str) -> HttpResponse:
    """The rules of one stratification with their numbers to change: the open draft, else what is in force."""
    shell = shell_of(request)
    was = stratification_of(key, shell.home.stratifications())
    return _page(request, shell, was, _begun(request, was))


@require_POST
@needs(rights.EDIT_SEGMENTS)
def try_out(request: MemberRequest, key: str) -> HttpResponse:
    """What the form as it stands would do to users, as a fragment."""
    shell = shell_of(request)
    was = stratification_of(key, shell.home.stratifications())
    try:
        shown: dict[str, Any] = {"effect": effect_of(shell, was, _sent(request, was))}
    except SpringtideError as refused:
        shown = {"error": told_error(refused)}
    return render(request, "strata/effect.html", shown)


@require_POST
@needs(rights.EDIT_SEGMENTS)
def change(request: MemberRequest, key: str) -> HttpResponse:
    """Save, submit or drop a draft."""
    shell, sent, now = shell_of(request), request.POST, clock.now()
    was = stratification_of(key, shell.home.stratifications())
    what, seen = sent.get("what", ""), sent.get("seen", "")
    content = _begun(request, was)
    try:
        if what == "drop":
            actions.drop_draft(KIND, key, seen=seen, acting=request.member, now=now)
            messages.success(request, _("The draft is thrown away."))
            return redirect("definitions")
        if what not in ("save", "submit"):
            raise BadInput(f"'{what}' is no way to change strata.", "Go back to the page.", code="bad_filter")
        content = _sent(request, was)
        title = " · ".join(dict.fromkeys(content["title"].values()))
        draft = actions.save_draft(KIND, key, title=title, body=content, seen=seen, acting=request.member, now=now)
        if what == "submit":
            actions.submit_definition(KIND, key, seen=draft.content_hash, acting=request.member, now=now)
    except SpringtideError as refused:
        return _page(request, shell, was, content, error=refused)
    messages.success(request, _("The draft is saved.") if what == "save" else _("It waits for a second person."))
    return redirect("edit_strata", key=key)


def effect_of(shell: Shell, was: Stratification, content: dict[str, Any]) -> Effect:
    """What a body would do to users by the last closed day.

    refuses    bad_definition, bad_rule, unknown_column, nothing_closed, not_available
    """
    becomes = _version_of(was, content)
    return effect(shell.home.placed(becomes), was, becomes, shell.labels)


def _page(
    request: MemberRequest, shell: Shell, was: Stratification, content: dict[str, Any], *, error: SpringtideError | None = None
) -> HttpResponse:
    draft = reads.draft(KIND, was.key, request.member)
    shown = {
        "key": was.key,
        "title": was.title.within(shell.language),
        "asks": was.question.within(shell.language),
        "version": was.version,
        "strata": edited_strata(content, shell.labels),
        "whole": request.POST.get("whole") or yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120),
        "draft": draft,
        "approval": approvals.question_about(KIND, draft.number) if draft else None,
        "seen": draft.content_hash if draft else reads.hash_in_force(KIND, was.key),
        "error": error and told_error(error),
    }
    return render(request, "strata/edit.html", shown, status=400 if error else 200)


def _begun(request: MemberRequest, was: Stratification) -> dict[str, Any]:
    """Where an edit begins: the open draft, else what is in force."""
    draft = reads.draft(KIND, was.key, request.member)
    return dict(draft.body) if draft else strata.content_of(was)


def _sent(request: MemberRequest, was: Stratification) -> dict[str, Any]:
    """The body that was sent: whole as text, or by the fields of the form.

    refuses    bad_definition    the text is no YAML, or no mapping
               bad_rule          a number that is none
    """
    if "whole" not in request.POST:
        return read_strata(request.POST.dict(), _begun(request, was))
    text = request.POST["whole"]
    try:
        content = yaml.safe_load(text) if len(text) <= LARGEST else None
    except yaml.YAMLError as bad:
        raise BadInput(f"This is no YAML: {bad}.", "Mend the line it names.", code="bad_definition") from bad
    if not isinstance(content, dict):
        raise BadInput("This is no stratification.", "Begin with the text that the page showed.", code="bad_definition")
    return strata.content_of(_version_of(was, content))


def _version_of(was: Stratification, content: dict[str, Any]) -> Stratification:
    """The next version, as a body says it."""
    return strata.of_content({**content, "key": was.key, "version": was.version + 1}, was.key, name=was.title.en)
