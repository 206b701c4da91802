"""Acquisition: which channel brings users who stay, and what does it cost?"""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from springtide.analytics.metrics.acquisition import LEAST_USERS
from springtide.desk import acquisition
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import short_text
from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput
from springtide.operations.members import states as rights

MOST = 1_000_000


@require_GET
@needs(rights.SEE_OVERVIEW)
def page(request: MemberRequest) -> HttpResponse:
    """The form; the ranking and the weeks come by themselves."""
    shell = shell_of(request)
    shell.home.lake.snapshot().require_closed()
    asked = {"least": _least(request), **{name: short_text(request.GET, name) for name in ("since", "until", "of")}}
    return render(request, "metrics/acquisition.html", {**asked, "query": request.GET.urlencode(), "named": _channels(request)})


@require_GET
@needs(rights.SEE_OVERVIEW)
def channels(request: MemberRequest) -> HttpResponse:
    """The channels, ranked, as a fragment."""
    days = {name: parse_day(text) for name in ("since", "until") if (text := short_text(request.GET, name))}
    found = shell_of(request).home.acquisition(**days, least_users=_least(request))
    shown = acquisition.channels(found, sees_links=request.member.may(rights.SEE_RISK))
    return render(request, "metrics/channels.html", {"shown": shown, "found": found})


@require_GET
@needs(rights.SEE_OVERVIEW)
def cohorts(request: MemberRequest) -> HttpResponse:
    """Newcomers by week and how many came back, as a fragment."""
    of = short_text(request.GET, "of")
    found = shell_of(request).home.cohort_quality(channel_id=of or None)
    return render(request, "metrics/cohorts.html", {"shown": acquisition.cohorts(found), "of": of})


def _least(request: MemberRequest) -> int:
    text = short_text(request.GET, "least") or str(LEAST_USERS)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise BadInput(f"'least' cannot be '{text}'.", f"Write a whole number from 1 to {MOST:,}.", code="bad_filter")
    return int(text)


def _channels(request: MemberRequest) -> list[tuple[str, str]]:
    """The channels that can be looked at by themselves."""
    options = next((each.options for each in shell_of(request).filters if each.name == "channel"), [])
    return [("", _("All")), *options]
