"""Signing in and out, one's own language and password."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from springtide.desk import words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.middleware import error_page
from springtide.desk.serve import FIRST_SIGN_IN
from springtide.desk.views.tokens import DAYS
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, Fault, Refused, UnknownName
from springtide.operations.members import tokens
from springtide.operations.members.actions import (
    begin_sign_in,
    change_password,
    choose_language,
    end_sessions,
    signed_in,
)
from springtide.operations.members.addresses import address_of
from springtide.operations.members.models import Member


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The door. One answer for a wrong name and a wrong password; guessing costs time."""
    back = _safe_way_back(request, request.POST.get("next") or request.GET.get("next") or "")
    if request.user.is_authenticated:
        return HttpResponseRedirect(back)
    username, error, status = request.POST.get("username", "").strip(), "", 200
    if request.method == "POST":
        now, address = clock.now(), address_of(request)
        try:
            begin_sign_in(username, address, now=now)
            member = authenticate(request, username=username, password=request.POST.get("password", ""))
            if isinstance(member, Member):
                login(request, member)
                signed_in(member, address, now=now)
                return HttpResponseRedirect(back)
            error, status = _("That name and password do not go together."), 401
        except Refused as refused:
            error, status = str(told_error(refused)), 429
    return render(request, "account/sign_in.html", {"next": back, "username": username, "error": error}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("sign_in")


@sensitive_post_parameters("old", "new", "again")
@require_http_methods(["GET", "POST"])
@needs()
def account(request: MemberRequest) -> HttpResponse:
    """One's own name, role, rights, password and tokens."""
    error, status = "", 200
    if request.method == "POST":
        try:
            if request.POST.get("new", "") != request.POST.get("again", ""):
                raise Refused(_("The two new passwords differ."), _("Type the same one twice."), code="passwords_differ")
            change_password(request.member, old=request.POST.get("old", ""), new=request.POST.get("new", ""), now=clock.now())
            update_session_auth_hash(request, request.member)
            (settings.SPRINGTIDE_HOME / FIRST_SIGN_IN).unlink(missing_ok=True)
            messages.success(request, _("Your password is changed. Other places where you were signed in are signed out."))
            return redirect("account")
        except Refused as refused:
            error, status = str(told_error(refused)), 400
    shown = {
        "error": error,
        "tokens": tokens.tokens_of(request.member, now=clock.now()),
        "rights": {right: words.RIGHTS[right] for right in tokens.rights_for_a_token(request.member)},
        "days": DAYS,
    }
    return render(request, "account/account.html", shown, status=status)


@require_POST
@needs()
def elsewhere(request: MemberRequest) -> HttpResponseRedirect:
    """Ends every session of one's own but this one."""
    end_sessions(request.member, now=clock.now())
    update_session_auth_hash(request, request.member)
    messages.success(request, _("Other places where you were signed in are signed out."))
    return redirect("account")


@require_POST
@needs()
def language(request: MemberRequest) -> HttpResponse:
    """Switches the language of one's screens and stays on the page."""
    choose_language(request.member, request.POST.get("language", ""), now=clock.now())
    return HttpResponseRedirect(_safe_way_back(request, request.POST.get("next", "")))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old tab, or another site that sent it."""
    error = Refused(
        _("This form was not sent from a page of ours, or the page was too old."),
        _("Go back, reload the page and send it again."),
        code="csrf_failed",
    )
    return error_page(request, error, 403)


def _safe_way_back(request: HttpRequest, address: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if address and is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django itself would not take: a host it does not know, a form too large."""
    error = BadInput(_("This request cannot be taken."), _("Go back and try again."))
    return error_page(request, error, 400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that nothing has."""
    error = UnknownName(_("There is no such page."), _("Choose one from the side bar."))
    return error_page(request, error, 404)


def our_fault(request: HttpRequest) -> HttpResponse:
    """A bug. What happened is in the log; the page says that it is not the reader's doing."""
    error = Fault(_("Something went wrong on our side."), _("Try again; if it stays, the server's log says what happened."))
    return error_page(request, error, 500)
