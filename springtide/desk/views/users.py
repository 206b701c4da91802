"""Users: who are they? The strata, a search by id, and every list that a figure opens, with its export."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from springtide.desk import exports, reads
from springtide.desk.access import MemberRequest, needs
from springtide.desk.selections import Asked, asked
from springtide.desk.shell import Shell, shell_of
from springtide.desk.strip import Strip, page_number, short_text
from springtide.home import Home
from springtide.kernel import clock
from springtide.operations.members import states
from springtide.operations.members.actions import allow_export


@require_GET
@needs(states.SEE_OVERVIEW)
def strata(request: MemberRequest) -> HttpResponse:
    """Every stratification as bars with their change."""
    shell = shell_of(request)
    strip = Strip.read(request.GET)
    shell.home.lake.snapshot().require_closed()
    return render(request, "users/strata.html", {"bars": reads.all_strata_bars(shell.home, strip, shell.labels)})


@require_GET
@needs(states.SEE_USER, some=True)
def find(request: MemberRequest) -> HttpResponseRedirect:
    """The search box: one user by id."""
    user_id = short_text(request.GET, "user")
    return HttpResponseRedirect(f"{reverse('user')}?{urlencode({'user': user_id})}" if user_id else reverse("users"))


@require_GET
@needs(states.SEE_USERS)
def user_list(request: MemberRequest) -> HttpResponse:
    """Any selection, a page at a time."""
    shell = shell_of(request)
    picked = _picked(shell)
    page = page_number(request.GET)
    order, descending = _order(request)
    found = reads.users(
        shell.home,
        picked,
        shell.labels,
        page=page,
        order=order,
        descending=descending,
        member=request.member,
    )
    return render(
        request,
        "users/list.html",
        {
            "list": found,
            "rows": [list(zip(found.columns, row, strict=True)) for row in found.rows],
            "query": picked.query,
            "carried": {key: value for key, value in picked.query.items() if key not in shell.strip.as_query()},
            "is_search": "user" in picked.query,
            "formats": exports.FORMATS,
        },
    )


@require_POST
@needs(states.EXPORT_USERS)
def export(request: MemberRequest, form: str) -> HttpResponseBase:
    """The whole list as a file; the audit chain says who took it."""
    shell = shell_of(request)
    exports.refuse_unknown(form)
    picked = _picked(shell)
    columns, left_out, _not_known = reads.user_columns(shell.home, shell.labels, request.member)
    total = shell.home.count(picked.selection).users
    exports.refuse_too_many(form, total)
    allow_export(
        request.member,
        what=picked.title,
        users=total,
        details={"form": form, "asked": dict(picked.query), "columns": [c.key for c in columns], "left_out": list(left_out)},
        now=clock.now(),
    )
    return exports.response(Home(settings.SPRINGTIDE_HOME), picked, shell.labels, columns, form=form, left_out=left_out)


def _picked(shell: Shell) -> Asked:
    latest = shell.home.lake.snapshot().require_closed()
    return asked(shell.request.GET, shell.labels, latest, shell.home, shell.member)


def _order(request: MemberRequest) -> tuple[str, bool]:
    text = short_text(request.GET, "order") or "-net_revenue_90d_usdt"
    return text.lstrip("-"), text.startswith("-")
