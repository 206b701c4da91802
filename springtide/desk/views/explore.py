"""Explore: what do users do? A builder of questions, the answer as a picture and a table, saved questions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.desk import explore, words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.explore import Form, read_question
from springtide.desk.shell import Shell, shell_of
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import SpringtideError
from springtide.operations.definitions import reads
from springtide.operations.definitions.actions import publish_definition, retire_definition
from springtide.operations.members import states as rights

SPLITS = ("country", "channel_id", "vip_level", "language")


@require_GET
@needs(rights.SEE_OVERVIEW)
def page(request: MemberRequest) -> HttpResponse:
    """The builder; the answer follows by itself."""
    shell = shell_of(request)
    latest = shell.home.lake.snapshot().require_closed()
    question, form, error = _asked(request, shell)
    return render(
        request,
        "explore/explore.html",
        {
            "form": form or Form.read({}, latest),
            "is_text": form is None,
            "question": question,
            "text": json.dumps(question, ensure_ascii=False, indent=1) if question else request.GET.get("q", ""),
            "error": error and told_error(error),
            "kinds": explore.KINDS,
            "asks": explore.ASKS,
            "events": _events(shell),
            "periods": words.PERIODS,
            "units": explore.UNITS,
            "orders": explore.ORDERS,
            "maths": explore.MATHS,
            "countings": explore.COUNTINGS,
            "splits": _splits(shell),
            "saved": reads.definitions("saved_question", request.member),
            "dashboards": [each for each in reads.definitions("dashboard", request.member) if each.may_edit],
            "may_save": request.member.may(rights.EDIT_QUESTIONS),
            "answer_query": urlencode({"q": json.dumps(question, separators=(",", ":"))}) if question else "",
        },
    )


@require_GET
@needs(rights.SEE_OVERVIEW)
def answer(request: MemberRequest) -> HttpResponse:
    """The answer to a question, as a fragment: for the builder and for every tile of a dashboard."""
    shell = shell_of(request)
    question = read_question(request.GET.get("q", ""))
    told = shell.home.ask(question)
    return render(
        request,
        "explore/answer.html",
        {
            "shown": explore.shown(question, told, shell.labels),
            "question": question,
            "text": json.dumps(question, ensure_ascii=False, indent=1),
            "place": request.GET.get("place", "answer"),
            "compact": json.dumps(question, separators=(",", ":")),
        },
    )


@require_POST
@needs(rights.EDIT_QUESTIONS)
def save(request: MemberRequest) -> HttpResponseRedirect:
    """Keep a question under a name, for everybody."""
    title, text = request.POST.get("title", "").strip(), request.POST.get("q", "")
    question = read_question(text)
    key = slugify(title, allow_unicode=False) or f"question-{clock.now():%Y%m%d%H%M%S}"
    try:
        publish_definition(
            "saved_question", key, title=title, body={"question": dict(question)}, acting=request.member, now=clock.now(),
            seen=reads.hash_in_force("saved_question", key, request.member),
        )  # fmt: skip
        messages.success(request, _("The question is saved."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return _back(text)


@require_POST
@needs(rights.EDIT_QUESTIONS)
def forget(request: MemberRequest, key: str) -> HttpResponseRedirect:
    """Take a saved question away; its versions stay in the history."""
    seen = reads.definition("saved_question", key, request.member)
    try:
        retire_definition("saved_question", key, acting=request.member, now=clock.now(), seen=seen.content_hash)
        messages.success(request, _("The question is no longer listed."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("explore")


def _asked(request: MemberRequest, shell: Shell) -> tuple[Mapping[str, Any] | None, Form | None, SpringtideError | None]:
    """The question that an address asks, and the form that says it; a question that was typed has no form."""
    latest = shell.home.lake.snapshot().require_closed()
    try:
        if "q" in request.GET:
            return read_question(request.GET["q"]), None, None
        said: dict[str, Any] = {**request.GET.dict(), "steps": request.GET.getlist("step")}
        form = Form.read(said, latest)
        return form.question(), form, None
    except SpringtideError as error:
        return None, None, error


def _back(text: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('explore')}?{urlencode({'q': text})}")


def _events(shell: Shell) -> list[tuple[str, str]]:
    """What can have happened: the exchange's own events after ours."""
    return [(key, explore.event_name(key)) for key in shell.home.event_names()]


def _splits(shell: Shell) -> list[tuple[str, str]]:
    missing = shell.home.missing()
    strata = [(key, shell.labels.stratification(key)) for key in shell.labels.by_key if key not in missing]
    return [*strata, *((key, words.column(key)) for key in SPLITS if key not in missing)]
