"""One form for everything that goes wrong: code, message, hint, and the status that says whose turn it is."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from springtide.kernel.errors import BadInput, Fault, NothingYet, SpringtideError

log = logging.getLogger(__name__)


class Problem(Schema):
    """What went wrong, and the next step that works."""

    code: str = Field(description="Stable, for programs.", examples=["bad_rule"])
    message: str = Field(description="What was seen, for a person.", examples=["Users have no column 'equty_usdt'."])
    hint: str = Field(description="What is allowed, or the next step.", examples=["Did you mean 'equity_usdt'?"])


# Codes with a status of their own; else it follows from the kind of error.
STATUS = {
    "bad_token": 401,
    "bad_signature": 401,
    "stale_call": 401,
    "not_allowed": 403,
    "column_not_open": 403,
    "table_not_open": 403,
    "no_such_address": 404,
    "unknown_definition": 404,
    "unknown_connector": 404,
    "unknown_job": 404,
    "unknown_metric": 404,
    "unknown_user": 404,
    "unknown_case": 404,
    "no_such_flag": 404,
    "unknown_segment": 404,
    "unknown_statement": 404,
    "unknown_reward": 404,
    "unknown_budget": 404,
    "unknown_offer": 404,
    "moved_already": 409,
    "move_not_open": 409,
    "too_large": 413,
    "too_many_running": 429,
    "too_many_tries": 429,
}


def status_of(error: SpringtideError) -> int:
    """401 who are you, 403 not yours, 404 not here, 409 not now, 422 not like this, 429 not so fast, 500 our fault."""
    if error.code in STATUS:
        return STATUS[error.code]
    return 422 if isinstance(error, BadInput) else 409 if isinstance(error, NothingYet) else 500


def answer(error: SpringtideError) -> JsonResponse:
    """The answer that tells of an error."""
    response = JsonResponse(error.as_dict(), status=status_of(error))
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def answer_all(api: NinjaAPI) -> None:
    """Let every error that an operation can meet be told in our form."""

    @api.exception_handler(SpringtideError)
    def told(request: HttpRequest, error: SpringtideError) -> HttpResponse:
        if status_of(error) == 500:
            log.error("%s %s", request.path, error, exc_info=error)
        return answer(error)

    @api.exception_handler(AuthenticationError)
    def stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        hint = "Send 'Authorization: Bearer TOKEN'; members make tokens on their account page."
        return answer(BadInput("This needs a token.", hint, code="bad_token"))

    @api.exception_handler(ValidationError)
    def not_like_this(request: HttpRequest, error: ValidationError) -> HttpResponse:
        first = error.errors[0] if error.errors else {"loc": ("request",), "msg": "cannot be read"}
        where, *rest = [str(part) for part in first["loc"] if not str(part).startswith("__")]
        name = ".".join(rest) or where
        says = str(first["msg"]).removeprefix("Value error, ")
        return answer(BadInput(f"{name}: {says}.", f"It stands in the {where}; see /api/v1/docs.", code="bad_request"))

    @api.exception_handler(HttpError)
    def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
        return answer(BadInput(f"{error}.", "Send JSON, as /api/v1/docs shows.", code="bad_request"))

    @api.exception_handler(Http404)
    def not_here(request: HttpRequest, error: Http404) -> HttpResponse:
        return nothing_here(request)

    @api.exception_handler(RequestDataTooBig)
    def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return answer(BadInput("The request is too large.", "Send files as multipart/form-data.", code="too_large"))

    for kind in (SuspiciousOperation, BadRequest, MultiPartParserError):

        @api.exception_handler(kind)
        def malformed(request: HttpRequest, error: Exception) -> HttpResponse:
            return answer(BadInput("The request cannot be read.", "See /api/v1/docs.", code="bad_request"))

    @api.exception_handler(Exception)
    def our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
        log.exception("%s failed", request.path)
        return answer(
            Fault("Something went wrong on our side.", "Try again; if it stays, the server's log says what happened.")
        )


def nothing_here(request: HttpRequest) -> HttpResponse:
    """An address that no operation has."""
    return answer(BadInput(f"There is nothing at {request.path}.", "See /api/v1/docs.", code="no_such_address"))


def in_our_form(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose plain refusal of a method is told in our form."""

    def told(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        allowed = response.headers.get("Allow", "")
        error = BadInput(f"This address does not take {request.method}.", f"It takes {allowed}.", code="method_not_allowed")
        return JsonResponse(error.as_dict(), status=405, headers={"Allow": allowed})

    told.csrf_exempt = True  # type: ignore[attr-defined]  # a token is sent on purpose; a browser never adds it by itself
    return told
