"""The API itself: its operations, its documentation, its errors."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from springtide.api import delivery, errors, metrics, questions, reading, rewards, risk, segments, sql, users, work
from springtide.api.bearer import Token
from springtide.api.errors import Problem

DESCRIPTION = """\
What Springtide knows, for programs. A member makes a token on the account page and gives it some of their own rights; a program
sends it as `Authorization: Bearer TOKEN`.

Money is a decimal string in USDT, a ratio a number from 0 to 1, a day `2026-03-31` in the reporting zone, a time UTC; what is not
known is `null`. Columns of single users that the member may not see are left out and named. Everything that goes wrong is told as
`code`, `message` and `hint`.
"""
PROBLEMS = {
    401: "No token, or one that does not work (any more).",
    403: "The member lacks the right, or the token does not carry it.",
    404: "There is no such thing.",
    409: "Not now: no day is closed yet, what is asked for was never given, or somebody else was first.",
    422: "What was given cannot be taken; the message says what was seen, the hint what is allowed.",
    429: "Too many wrong tokens from this address, or too many statements at once; the hint says how long to wait.",
}


class SpringtideAPI(NinjaAPI):
    """Its documentation says of every operation which right it needs and what can go wrong."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__.rstrip("_")

    def add_router(self, *args: Any, **more: Any) -> None:
        super().add_router(*args, **more)
        for _prefix, router in self._routers:
            for path in router.path_operations.values():
                for operation in path.operations:
                    right = next((each.right for each in operation.auth_callbacks if isinstance(each, Token)), None)
                    operation.openapi_extra = {"x-right": right} if right else {}

    def get_openapi_schema(self, **more: Any) -> OpenAPISchema:
        told = super().get_openapi_schema(**more)
        told["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        form = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path in told["paths"].values():
            for operation in path.values():
                operation["responses"] |= {
                    status: {"description": about, "content": form}
                    for status, about in PROBLEMS.items()
                    if status not in operation["responses"]
                }
                for parameter in operation.get("parameters", ()):
                    _mend(parameter)
        return told


def _mend(parameter: dict[str, Any]) -> None:
    """A parameter is given or it is not: it is never null. Its examples stand in its schema."""
    parameter.pop("examples", None)
    schema = parameter["schema"]
    options = [option for option in schema.pop("anyOf", ()) if option != {"type": "null"}]
    if options:
        schema |= options[0]


api = SpringtideAPI(
    title="Springtide",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs=Swagger(settings={"persistAuthorization": True}),
)
errors.answer_all(api)
for router in (
    reading.router,
    metrics.router,
    questions.router,
    users.router,
    segments.router,
    sql.router,
    work.router,
    delivery.router,
    risk.router,
    rewards.router,
):
    api.add_router("", router)
