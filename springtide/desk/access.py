"""Who may open a page, and the request as a member's view sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from springtide.kernel.errors import Refused
from springtide.operations.members import states
from springtide.operations.members.models import Member

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of somebody who is signed in."""

    member: Member


def needs(
    right: str | None = None, *, some: bool = False
) -> Callable[
    [Callable[Concatenate[MemberRequest, P], HttpResponseBase]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]
]:
    """Only for signed-in members, and only for those with `right`. Strangers go to the sign-in page and come back.

    With `some`, those who have the right over some things only may open the page too: its reads show no others.

    refuses    not_allowed    the member lacks the right
    """
    if right is not None and right not in states.MATRIX:
        raise KeyError(right)

    def guard(
        view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, Member):
                return _to_sign_in(request)
            if right is not None and not (request.user.may_some(right) if some else request.user.may(right)):
                raise Refused(
                    "Your role does not open this page.",
                    "Ask a manager, or an administrator, for the right to it.",
                    code="not_allowed",
                )
            seen = cast(MemberRequest, request)
            seen.member = request.user
            return view(seen, *args, **kwargs)

        return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], guarded)

    return guard


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # A tile cannot become a sign-in page: the whole page goes there, and comes back to where it was.
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        there = redirect_to_login(here.path + (f"?{here.query}" if here.query else "") or "/")
        return HttpResponse(status=204, headers={"HX-Redirect": there.url})
    back = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return redirect_to_login(back)
