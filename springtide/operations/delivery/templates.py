"""Templates of messages: texts by language, and what happens to a user of whom a variable is not known.

A template is a definition of the kind `message_template`, versioned and content-hashed like any other; a message is pinned to a version.

    texts       language → subject, text, html (Liquid; only `text` must be there)
    fallback    the language of users whose own is not among them
    variables   name → missing: `refuse` the message, put the `default` in its place, or `leave_out` and put nothing; `example` for
                the preview
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.operations.definitions.models import Definition
from springtide.operations.delivery.sandbox import BadTemplate, Compiled, compiled, refuse_big, variables_of

KIND: Final = "message_template"
PARTS: Final = ("subject", "text", "html")
MISSING: Final = ("refuse", "default", "leave_out")
GIVEN: Final = ("unsubscribe_url",)  # what every message has, without being declared
LONGEST_SUBJECT: Final = 300


@dataclass(frozen=True)
class Variable:
    """What stands in the place of a value that is not known, and an example of one that is."""

    missing: str = "refuse"
    default: str = ""
    example: Any = ""


@dataclass(frozen=True)
class Text:
    """What one language says."""

    subject: Compiled
    text: Compiled
    html: Compiled | None


@dataclass(frozen=True)
class Template:
    """A version of a template, ready to be rendered."""

    key: str
    version: int
    content_hash: str
    fallback: str
    texts: Mapping[str, Text]
    variables: Mapping[str, Variable]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as its user will read it. A subject is one line."""

    language: str
    subject: str
    text: str
    html: str


def read(key: str, version: int | None = None) -> Template:
    """A template: the version in force, or the `version` asked for.

    refuses    unknown_template    there is none
    """
    rows = Definition.objects.filter(kind=KIND, key=key)
    found = rows.filter(state="published").first() if version is None else rows.filter(version=version).first()
    if found is None:
        known = rows.model.objects.filter(kind=KIND, state="published").values_list("key", flat=True)
        what = f"template '{key}' in force" if version is None else f"version {version} of template '{key}'"
        raise UnknownName(f"There is no {what}.", suggest(key, known), code="unknown_template")
    return of_body(key, found.body, version=found.version, content_hash=found.content_hash)


def render(template: Template, language: str, variables: Mapping[str, Any], *, unsubscribe_url: str = "") -> Rendered:
    """What a user reads: in their language, else in its nearest relative, else in the fallback.

    refuses    missing_variable    a variable without which the template refuses is not known of this user
               bad_variable, template_failed, template_too_long
    """
    spoken = _nearest(language, template)
    text = template.texts[spoken]
    values = _values(template, variables)
    values["unsubscribe_url"] = unsubscribe_url
    subject = " ".join(text.subject(values).split())  # one line: no value can begin a header of its own
    if len(subject) > LONGEST_SUBJECT:
        raise BadTemplate(f"The subject has {len(subject)} characters.", f"At most {LONGEST_SUBJECT}.", code="bad_variable")
    html = text.html(values) if text.html else ""
    return Rendered(spoken, _printable(subject), _printable(text.text(values)), _printable(html))


def needed(template: Template) -> tuple[str, ...]:
    """The variables without which the template refuses to be rendered."""
    return tuple(name for name, variable in template.variables.items() if variable.missing == "refuse")


def preview(template: Template, language: str, variables: Mapping[str, Any] | None = None) -> Rendered:
    """What a user would read, with examples for the values that are not given."""
    examples = {name: variable.example for name, variable in template.variables.items() if variable.example not in ("", None)}
    return render(template, language, {**examples, **(variables or {})}, unsubscribe_url="https://example.com/unsubscribe")


def check(key: str, body: Mapping[str, Any]) -> None:
    """Refuse a body from which no template can be made.

    refuses    bad_template    and says where
    """
    of_body(key, body)


def of_body(key: str, body: Mapping[str, Any], *, version: int = 0, content_hash: str = "") -> Template:
    """The template that a definition's body holds.

    refuses    bad_template    a part that is not known or lacks; a text that cannot be read; a variable that is not declared
    """
    _refuse_unknown("A template", body, ("texts", "fallback", "variables"))
    texts, fallback, declared = body.get("texts"), body.get("fallback"), body.get("variables", {})
    if not isinstance(texts, Mapping) or not isinstance(declared, Mapping) or fallback not in texts:
        raise BadTemplate(
            "A template has texts by language, and one of these languages as its fallback.",
            'Such as {"texts": {"en": {"text": "Hello {{ name }}"}}, "fallback": "en", "variables": {"name": {"default": "there"}}}.',
        )
    variables = {str(name): _variable(name, told) for name, told in declared.items()}
    allowed = (*variables, *GIVEN)
    return Template(
        key,
        version,
        content_hash,
        str(fallback),
        {str(language): _text(language, told, allowed) for language, told in texts.items()},
        variables,
    )


def _variable(name: str, told: Any) -> Variable:
    if not isinstance(told, Mapping):
        raise BadTemplate(
            f"Variable '{name}' is {told!r}.", "Say what happens when it is missing: refuse, default or leave_out."
        )
    _refuse_unknown(f"Variable '{name}'", told, ("missing", "default", "example"))
    missing = told.get("missing", "default" if "default" in told else "refuse")
    if missing not in MISSING or (missing == "default") != ("default" in told):
        raise BadTemplate(
            f"Variable '{name}' says {dict(told)!r}.",
            "'missing' is refuse, default or leave_out; with default, and only then, a 'default' is given.",
        )
    return Variable(missing, str(told.get("default", "")), told.get("example", ""))


def _text(language: str, told: Any, allowed: tuple[str, ...]) -> Text:
    where = f"The text in '{language}'"
    if not isinstance(told, Mapping) or not isinstance(told.get("text"), str) or not told["text"].strip():
        raise BadTemplate(f"{where} has no 'text'.", "Write subject, text and html; only text must be there.")
    _refuse_unknown(where, told, PARTS)
    for part, source in told.items():
        if not isinstance(source, str):
            raise BadTemplate(f"{where} has a {part} that is no text.", "Write it in quotes.")
        for name in variables_of(source):
            if name not in allowed:
                raise BadTemplate(
                    f"{where} asks for '{name}', which is not among its variables.",
                    suggest(name, allowed) or f"Declare '{name}'.",
                )
    return Text(
        compiled(told.get("subject", ""), is_html=False),
        compiled(told["text"], is_html=False),
        compiled(told["html"], is_html=True) if told.get("html") else None,
    )


def _values(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for name, variable in template.variables.items():
        value = given.get(name)
        if value is None or value == "":
            if variable.missing == "refuse":
                raise BadTemplate(
                    f"Nothing is known of '{name}', without which the template refuses.",
                    "Give the variable a default, or leave the user out of the audience.",
                    code="missing_variable",
                )
            value = variable.default
        elif type(value) is not str or len(value) > 200:
            refuse_big(name, value)
        values[name] = value
    return values


def _nearest(language: str, template: Template) -> str:
    """zh-Hant-TW asks for zh-hant-tw, zh-hant and zh; then for any other Chinese; then for the fallback."""
    if language in template.texts:
        return language
    spoken = {each.lower(): each for each in template.texts}
    parts = language.lower().replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        if found := spoken.get("-".join(parts[:length])):
            return found
    relatives = (each for name, each in spoken.items() if name.split("-")[0] == parts[0])
    return next(relatives, template.fallback)


def _printable(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def _refuse_unknown(where: str, told: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for name in told:
        if name not in allowed:
            raise BadInput(f"{where} has a part '{name}'.", suggest(str(name), allowed), code="bad_template")
