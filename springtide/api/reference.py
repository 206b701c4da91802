"""docs/reference/api.md: every operation with its right, what can be given, and what comes back, as OpenAPI has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from springtide.api.app import DESCRIPTION, PROBLEMS, api

BASE = "/api/v1/"


def reference_page() -> str:
    """The page."""
    told = api.get_openapi_schema(path_prefix=BASE)
    lines = [
        "# REST API",
        "",
        "<!-- Made by ./run docs from springtide/api; do not edit. -->",
        "",
        *" ".join(DESCRIPTION.split("\n\n")[0].split()).splitlines(),
        "",
        *" ".join(DESCRIPTION.split("\n\n")[1].split()).splitlines(),
        "",
        "The same as OpenAPI: `/api/v1/openapi.json`; to try it in a browser: `/api/v1/docs`.",
        "How to get a token: [tokens](../how-to/tokens.md).",
        "",
        "```bash",
        'curl -H "Authorization: Bearer $TOKEN" https://springtide.example.com/api/v1/strata',
        "```",
        "",
        "| status | means |",
        "| --- | --- |",
        *(f"| {status} | {about} |" for status, about in PROBLEMS.items()),
    ]
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append((method.upper(), path.removeprefix(BASE), operation))
    for tag, found in by_tag.items():
        lines += ["", f"## {tag.capitalize()}"]
        for method, path, operation in found:
            lines += ["", *_operation(method, path, operation)]
    lines += ["", "## Answers"]
    for name, schema in sorted(told["components"]["schemas"].items()):
        lines += ["", *_schema(name, schema)]
    return "\n".join(lines) + "\n"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {method} {path}"
    yield ""
    yield _line(operation["description"])
    yield ""
    right = operation.get("x-right")
    yield f"Needs `{right}`." if right else "Needs any token."
    answers = (f"{status}: {_answer(each)}" for status, each in operation["responses"].items() if int(status) < 300)
    yield f"Answers {'; '.join(answers)}."
    rows = [
        (each["name"], _type(each["schema"]), each["in"], each.get("description", "") + _default(each["schema"]))
        for each in operation.get("parameters", ())
    ]
    for form, body in operation.get("requestBody", {}).get("content", {}).items():
        rows += [("", _type(body["schema"]), form, body["schema"].get("description", ""))]
    if rows:
        yield ""
        yield from _table(("given", "type", "in", ""), rows)


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    # What a docstring lists as `name   about` is a list here too.
    listed = r"^(\w+(?:, \w+)*) {3,}(?=\S)"
    yield from re.sub(listed, r"- `\1`: ", schema.get("description", ""), flags=re.M).splitlines()
    if schema.get("properties"):
        yield ""
        rows = [(field, _type(each), each.get("description", "")) for field, each in schema["properties"].items()]
        yield from _table(("field", "type", ""), rows)


def _answer(response: Mapping[str, Any]) -> str:
    content = response.get("content", {}).get("application/json", {}).get("schema", {})
    return _type(content)


def _type(schema: Mapping[str, Any]) -> str:
    """A type in a word or two, such as `list of Flow` or `text or null`."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[union]))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "allOf" in schema:
        return _type(schema["allOf"][0])
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {_type(values)}" if isinstance(values, dict) and values else "object"
        case "string":
            return {"date": "day", "date-time": "time", "binary": "file"}.get(schema.get("format", ""), "text")
        case "integer":
            return "whole number" + _bounds(schema)
        case None:
            return "anything"
        case other:
            return str(other)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    return f", {low:,} to {high:,}" if low is not None and high is not None and high < 2**53 else ""


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    return f" Default: `{json.dumps(default)}`." if default not in (None, "") and not isinstance(default, list) else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for line in (head, ("---",) * len(head), *rows):
        yield "| " + " | ".join(_line(cell).replace("|", "\\|") for cell in line) + " |"


def _line(text: str) -> str:
    return " ".join(text.split())
