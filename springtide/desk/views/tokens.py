"""One's own tokens, and the address from which a spreadsheet reads a list."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from springtide.desk import exports, reads
from springtide.desk.access import MemberRequest, needs
from springtide.desk.middleware import status_of
from springtide.desk.selections import asked
from springtide.desk.shell import shell_of
from springtide.desk.words import told_error
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.errors import Refused, SpringtideError
from springtide.operations.members import states, tokens
from springtide.operations.members.actions import allow_export
from springtide.operations.members.addresses import address_of

DAYS = (30, 90, 365)


@require_POST
@needs(states.MAKE_TOKENS, some=True)
@sensitive_variables("made")
def make(request: MemberRequest) -> HttpResponse:
    """Makes a token and shows its secret, once."""
    try:
        made = tokens.make_token(
            request.member,
            name=request.POST.get("name", ""),
            rights=request.POST.getlist("right"),
            days=_days(request),
            now=clock.now(),
        )
    except Refused as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("account")
    return render(request, "account/secret.html", {"secret": made.secret, "expires_at": made.expires_at})


@require_POST
@needs(states.EXPORT_USERS)
@sensitive_variables("made", "address")
def make_list(request: MemberRequest) -> HttpResponse:
    """Makes the address of a list that Excel can read again and again, and shows it, once."""
    shell = shell_of(request)
    picked = asked(request.GET, shell.labels, shell.home.lake.snapshot().require_closed(), shell.home, request.member)
    made = tokens.make_list_token(
        request.member, name=picked.title, query=dict(picked.query), days=_days(request), now=clock.now()
    )
    address = request.build_absolute_uri(reverse("list_file", args=[made.secret, "csv"]))
    return render(request, "account/secret.html", {"address": address, "title": picked.title, "expires_at": made.expires_at})


@require_POST
@needs(states.MAKE_TOKENS, some=True)
def revoke(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Makes a token worthless."""
    tokens.revoke_token(request.member, number, now=clock.now())
    messages.success(request, _("This token does not work any more."))
    return redirect("account")


@require_GET
def list_file(request: HttpRequest, secret: str, form: str) -> HttpResponseBase:
    """The list of a token as it stands today. A program asks, so an error is two lines of text."""
    try:
        member, token = tokens.spoken_for(secret, kind="list", address=address_of(request), now=clock.now())
        exports.refuse_unknown(form)
        with translation.override(member.language):
            shell = shell_of(request)
            picked = asked(token.query, shell.labels, shell.home.lake.snapshot().require_closed(), shell.home, member)
            columns, left_out, _not_known = reads.user_columns(shell.home, shell.labels, member)
            total = shell.home.count(picked.selection).users
            exports.refuse_too_many(form, total)
            details = {"form": form, "asked": dict(picked.query), "columns": [c.key for c in columns], "left_out": left_out}
            allow_export(member, what=picked.title, users=total, details=details, now=clock.now())
            home = Home(settings.SPRINGTIDE_HOME)
            return exports.response(home, picked, shell.labels, columns, form=form, left_out=left_out)
    except SpringtideError as error:
        status = {"bad_token": 404, "too_many_tries": 429}.get(error.code, status_of(error))
        return HttpResponse(f"{error.message}\n{error.hint}\n", status=status, content_type="text/plain; charset=utf-8")


def _days(request: HttpRequest) -> int:
    text = request.POST.get("days", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else DAYS[1]
