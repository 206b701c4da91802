"""Data: can it be trusted? Freshness, quarantine, restatements, definitions, and closing the days."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from springtide.cycle.asking import ask_for_close
from springtide.desk import reads
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import page_number, short_text
from springtide.kernel import clock
from springtide.operations.definitions.reads import definitions as drafts
from springtide.operations.jobs import reads as jobs
from springtide.operations.members import states


@require_GET
@needs(states.SEE_DATA)
def freshness(request: MemberRequest) -> HttpResponse:
    """How far each table reaches, what cannot be told, and what was done lately."""
    shell = shell_of(request)
    return render(
        request,
        "data/freshness.html",
        {"freshness": reads.freshness(shell.home, shell.labels), "jobs": jobs.latest(("import", "close"), count=8)},
    )


@require_GET
@needs(states.SEE_ROWS)
def quarantine(request: MemberRequest) -> HttpResponse:
    """Rows that did not go in, and why."""
    asked = {name: short_text(request.GET, name) or None for name in ("table", "file", "rule")}
    page = page_number(request.GET)
    found = shell_of(request).home.quarantine(**asked, limit=reads.PAGE, offset=reads.PAGE * (page - 1))
    pages = max(1, -(-found.total // reads.PAGE))
    chosen = {name: value for name, value in asked.items() if value}
    return render(request, "data/quarantine.html", {"found": found, "page": page, "pages": pages, "chosen": chosen})


@require_GET
@needs(states.SEE_DATA)
def restatements(request: MemberRequest) -> HttpResponse:
    """Published figures that moved."""
    return render(request, "data/restatements.html", {"restatements": reads.restatements(shell_of(request).home)})


@require_GET
@needs(states.SEE_DATA)
def definitions(request: MemberRequest) -> HttpResponse:
    """The stratifications in force, rule by rule."""
    shell = shell_of(request)
    waiting = [each.key for each in drafts("strata", request.member, among=("in_review",))]
    return render(request, "data/definitions.html", {"definitions": reads.definitions(shell.home, shell.labels, waiting)})


@require_POST
@needs(states.IMPORT_DATA)
def close(request: MemberRequest) -> HttpResponseRedirect:
    """Closes the days, in the background."""
    return redirect("job", number=ask_for_close(request.member, now=clock.now()))
