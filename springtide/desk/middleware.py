"""What happens around every request: headers, the member's language, and errors made readable."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation

from springtide.desk.words import told_error
from springtide.kernel.errors import BadInput, NothingYet, SpringtideError, UnknownName
from springtide.operations.members.models import Member

Answer = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger(__name__)

# Scripts only from our own files. ECharts and bars carry their measures in style attributes; no style element is let in.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def security_headers(answer: Answer) -> Answer:
    """Content-Security-Policy on everything; what members see is not kept by caches on the way."""

    def with_headers(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return with_headers


def language_of_the_member(answer: Answer) -> Answer:
    """A member reads in their own language; a stranger at the sign-in page in the browser's."""

    def in_language(request: HttpRequest) -> HttpResponseBase:
        user = request.user
        language = user.language if isinstance(user, Member) else translation.get_language_from_request(request)
        with translation.override(language):
            response = answer(request)
            response.headers.setdefault("Content-Language", language)
            return response

    return in_language


class ErrorsAsPages:
    """An error raised on purpose becomes a page, or a tile of one: what was seen, what is allowed, what to do next."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.answer(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, SpringtideError):
            return None
        status = status_of(error)
        if status == 500:
            log.error("%s %s", request.path, error, exc_info=error)
        return error_page(request, error, status)


def error_page(request: HttpRequest, error: SpringtideError, status: int) -> HttpResponse:
    """The page that tells of an error; inside a tile, only the note."""
    template = "fragments/error.html" if request.headers.get("HX-Request") else "error.html"
    return render(request, template, {"error": told_error(error), "status": status}, status=status)


def status_of(error: SpringtideError) -> int:
    """The HTTP status of an error: 404 unknown, 403 not allowed, 400 bad, 409 too early, 500 ours."""
    if isinstance(error, UnknownName):
        return 404
    if error.code == "not_allowed":
        return 403
    if isinstance(error, BadInput):
        return 400
    return 409 if isinstance(error, NothingYet) else 500
