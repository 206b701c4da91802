"""Import: drop a file, see what its columns are taken for, say what is missing, look, and let it in."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from springtide.analytics.facts import CONTRACTS, Mapping, Proposal
from springtide.cycle.asking import ask_for_import
from springtide.cycle.uploads import find, keep
from springtide.desk import uploads
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import Shell, shell_of
from springtide.desk.strip import short_text
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, SpringtideError
from springtide.operations.jobs import reads as jobs
from springtide.operations.members import states

PREVIEW_ROWS = 100_000


@require_http_methods(["GET", "POST"])
@needs(states.IMPORT_DATA)
def start(request: MemberRequest) -> HttpResponseBase:
    """The place to drop a file, and what was imported lately."""
    if request.method == "POST":
        return _kept(request)
    return render(
        request,
        "data/import.html",
        {"jobs": jobs.latest(("import",), count=8), "tables": CONTRACTS, "step": 1},
    )


def _kept(request: MemberRequest) -> HttpResponse:
    file = request.FILES.get("file")
    there = reverse("import")
    if file is None or isinstance(file, list):
        messages.error(request, _("No file came. Drop one, or choose it."))
    else:
        try:
            upload = keep(settings.SPRINGTIDE_HOME, file)
            there = reverse("upload", args=[upload.number])
        except SpringtideError as error:
            messages.error(request, str(told_error(error)))
    if request.headers.get("X-Requested-With") == "springtide":  # our own script shows progress and then goes there
        return HttpResponse(status=204, headers={"X-Springtide-Location": there})
    return redirect(there)


@require_GET
@needs(states.IMPORT_DATA)
def upload(request: MemberRequest, upload: str) -> HttpResponse:
    """What the file's columns are taken for, and what is missing."""
    shell = shell_of(request)
    found = find(settings.SPRINGTIDE_HOME, upload)
    table, wanted = short_text(request.GET, "table"), request.GET.get("mapping")
    proposal = _proposal(shell, found.path, table)
    mappings = shell.home.mappings()
    fits = proposal.mapping.name if proposal.mapping.name in mappings else ""
    mapping = fits if wanted is None else wanted
    may_be_changed = len(proposal.mapping.layouts) == 1
    if not may_be_changed:
        mapping = mapping or fits
    if mapping and mapping not in mappings:
        raise BadInput(f"There is no mapping '{mapping}'.", _("Choose one from the list."), code="unknown_mapping")
    table_now = proposal.table
    return render(
        request,
        "data/upload.html",
        {
            "upload": found,
            "proposal": proposal,
            "choices": uploads.choices(proposal),
            "lacking": uploads.lacking(proposal),
            "tables": CONTRACTS,
            "about": next(one.about for one in CONTRACTS if one.name == table_now),
            "mappings": mappings,
            "mapping": mapping,
            "may_be_changed": may_be_changed,
            "name": uploads.free_name(shell.home, proposal.mapping.name),
            "zones": sorted(available_timezones()),
            "may_derive": any(one.name == table_now and one.user and one.day_column for one in CONTRACTS),
            "step": 2,
        },
    )


@require_POST
@needs(states.IMPORT_DATA)
def preview(request: MemberRequest, upload: str) -> HttpResponse:
    """What an import would take and refuse, from the beginning of the file; nothing is written."""
    shell = shell_of(request)
    found = find(settings.SPRINGTIDE_HOME, upload)
    seen = shell.home.preview(found.path, _mapping(request, shell, found.path), now=clock.now(), rows=PREVIEW_ROWS)
    return render(request, "fragments/preview.html", {"preview": seen, "upload": found, "is_whole": seen.rows < PREVIEW_ROWS})


@require_POST
@needs(states.IMPORT_DATA)
def run(request: MemberRequest, upload: str) -> HttpResponse:
    """Saves the mapping and imports the file in the background."""
    shell = shell_of(request)
    found = find(settings.SPRINGTIDE_HOME, upload)
    mapping = _mapping(request, shell, found.path)
    if not request.POST.get("mapping"):
        if mapping.name in shell.home.mappings():
            raise BadInput(
                f"There is a mapping '{mapping.name}' already.", _("Give this one another name."), code="mapping_exists"
            )
        shell.home.save_mapping(mapping)
    job = ask_for_import(request.member, path=str(found.path), mapping=mapping.name, now=clock.now())
    there = reverse("job", args=[job])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": there})
    return redirect(there)


@require_GET
@needs(states.SEE_DATA)
def job(request: MemberRequest, number: int) -> HttpResponse:
    """How far a piece of work is, or what came of it; the page asks again by itself while it goes on."""
    template = "fragments/job_card.html" if request.headers.get("HX-Request") else "data/job.html"
    return render(request, template, {"job": jobs.job(number), "step": 3})


def _mapping(request: MemberRequest, shell: Shell, path: Path) -> Mapping:
    """The mapping that was chosen, or that the form describes."""
    if chosen := short_text(request.POST, "mapping"):
        found = shell.home.mappings().get(chosen)
        if found is None:
            raise BadInput(f"There is no mapping '{chosen}'.", _("Choose one from the list."), code="unknown_mapping")
        return found
    proposal = _proposal(shell, path, short_text(request.POST, "table"))
    return uploads.mapping_of(proposal, request.POST.dict(), name=short_text(request.POST, "name") or proposal.mapping.name)


def _proposal(shell: Shell, path: Path, table: str) -> Proposal:
    return shell.home.guess(path, table=table or None)
