"""Changes: why did it change? A metric between two periods, taken apart so that it adds up."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from springtide.desk import changes, words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.changes import ChangeForm
from springtide.desk.shell import shell_of
from springtide.desk.words import told_error
from springtide.kernel.errors import SpringtideError
from springtide.operations.members import states as rights


@require_GET
@needs(rights.SEE_OVERVIEW)
def page(request: MemberRequest) -> HttpResponse:
    """The form; the answer follows by itself."""
    shell = shell_of(request)
    latest = shell.home.lake.snapshot().require_closed()
    error, form = None, None
    try:
        form = ChangeForm.read(request.GET.dict(), latest)
    except SpringtideError as refused:
        error = told_error(refused)
    metric = form.metric if form else "net_revenue"
    named = [
        (key, name or (shell.labels.stratification(key) if key in shell.labels.by_key else words.column(key)))
        for key, name in changes.choices(metric)
    ]
    return render(
        request,
        "changes/changes.html",
        {
            "form": form,
            "error": error,
            "metrics": changes.metrics(),
            "whole": changes.whole(),
            "groupings": named,
            "spans": changes.SPANS,
            "query": request.GET.urlencode(),
            "kept": {"then": f"{form.then.since}..{form.then.until}", "now": f"{form.now.since}..{form.now.until}"}
            if form
            else {},
        },
    )


@require_GET
@needs(rights.SEE_OVERVIEW)
def answer(request: MemberRequest) -> HttpResponse:
    """The change taken apart, as a fragment."""
    shell = shell_of(request)
    form = ChangeForm.read(request.GET.dict(), shell.home.lake.snapshot().require_closed())
    why = shell.home.why(form.metric, then=form.then, now=form.now, by=form.by or None, movers=form.movers)
    return render(request, "changes/answer.html", {"shown": changes.shown_change(why, shell.labels), "why": why})
