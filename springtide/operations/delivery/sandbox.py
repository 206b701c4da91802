"""Liquid with its hands tied: texts that members write are run for every user, so they get no files, little room and little time.

Values are never parsed: `{{ 7 }}` in a user's data stays what it is. What is left of the language is listed here; anything else is
refused when a template is saved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, Final

from liquid import BoundTemplate, Environment, RenderContext, StrictUndefined
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.stringify import to_liquid_string

from springtide.kernel.errors import BadInput, suggest

TAGS: Final = ("#", "assign", "break", "capture", "case", "comment", "continue", "cycle", "for", "if", "unless")
FILTERS: Final = (
    *("abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round", "times"),
    *("append", "capitalize", "downcase", "escape", "newline_to_br", "prepend", "slice", "strip", "truncate", "truncatewords"),
    *("upcase", "url_encode", "date", "default", "first", "join", "last", "size", "sort", "split", "uniq"),
)
LONGEST_SOURCE: Final = 20_000  # characters of one text
LONGEST_VALUE: Final = 4_000  # characters, items or digits of what stands in a variable or comes out of a filter
LONGEST_OUTPUT: Final = 100_000  # bytes
MOST_LOOPS: Final = 200  # turns, nested ones multiplied
MOST_SECONDS: Final = 0.25

Values = Mapping[str, Any]
Compiled = Callable[[Values], str]


class BadTemplate(BadInput):
    """A template that cannot be read, or a message that it cannot make."""

    default_code = "bad_template"


def compiled(source: str, *, is_html: bool) -> Compiled:
    """What makes a text of values; in HTML every value is escaped.

    refuses    bad_template          it is no Liquid, or uses a tag or a filter that is not open to it
    of a call  template_failed       it ran, and failed
               template_too_long     it took more turns, room or time than a message may
    """
    return _compiled(source, is_html)


def variables_of(source: str) -> tuple[str, ...]:
    """The names of the values that a text asks for, sorted."""
    return tuple(sorted(_parsed(source, is_html=False).analyze(include_partials=False).globals))


def refuse_big(name: str, value: Any) -> None:
    """Refuse a value that no message needs.

    refuses    bad_variable    not a text, a number, yes or no, or a list of these; or too long
    """
    if isinstance(value, list | tuple) and len(value) <= LONGEST_VALUE and not any(isinstance(each, list) for each in value):
        for each in value:
            refuse_big(name, each)
    elif not (isinstance(value, str | int | float) and len(str(value)) <= LONGEST_VALUE):
        raise BadTemplate(
            f"The value of '{name}' is a {type(value).__name__} or too long for a message.",
            f"Give a text of at most {LONGEST_VALUE:,} characters, a number, or a list of these.",
            code="bad_variable",
        )


class _Context(RenderContext):
    """Looks at the clock whenever a value is asked for or a filter is run."""

    __slots__ = ("until",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.until = time.monotonic() + MOST_SECONDS

    def get(self, *args: Any, **more: Any) -> object:
        self._refuse_late()
        return super().get(*args, **more)

    def filter(self, *args: Any, **more: Any) -> Callable[..., object]:
        self._refuse_late()
        return super().filter(*args, **more)

    def _refuse_late(self) -> None:
        if time.monotonic() > self.until:
            raise ResourceLimitError("it takes too long", token=None)


class _Template(BoundTemplate):
    context_class = _Context


class _Sandbox(Environment):
    template_class = _Template
    loop_iteration_limit = MOST_LOOPS
    local_namespace_limit = 50_000
    output_stream_limit = LONGEST_OUTPUT
    block_nesting_limit = 10
    context_depth_limit = 20

    def __init__(self, *, is_html: bool) -> None:
        super().__init__(autoescape=is_html, undefined=StrictUndefined)
        self.tags = {name: tag for name, tag in self.tags.items() if name in (*TAGS, "content", "output", "illegal")}
        self.filters = {name: _guarded(self.filters[name]) for name in FILTERS}


def _guarded(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def guarded(*args: Any, **more: Any) -> Any:
        for each in args:
            _refuse_long(each)
        result = run(*args, **more)
        _refuse_long(result)
        return result

    return guarded


def _refuse_long(value: Any) -> None:
    is_long = (
        abs(value) > 10**18 if isinstance(value, int | float) else hasattr(value, "__len__") and len(value) > LONGEST_VALUE
    )
    if is_long:
        raise ResourceLimitError("a value grows too long", token=None)


_TEXT, _HTML = _Sandbox(is_html=False), _Sandbox(is_html=True)


def _parsed(source: str, *, is_html: bool) -> BoundTemplate:
    if len(source) > LONGEST_SOURCE:
        raise BadTemplate(f"A text has {len(source):,} characters.", f"At most {LONGEST_SOURCE:,}.")
    try:
        template = (_HTML if is_html else _TEXT).from_string(source)
        used = template.analyze(include_partials=False)
    except (LiquidError, RecursionError) as bad:
        says = bad.message if isinstance(bad, LiquidError) else "it is nested too deeply"
        raise BadTemplate(
            f"A text cannot be read: {says}.", f"Open are {{{{ variables }}}} and the tags {', '.join(TAGS)}."
        ) from bad
    for name in used.filters:
        if name not in FILTERS:
            raise BadTemplate(f"There is no filter '{name}' here.", suggest(name, FILTERS))
    return template


@lru_cache(maxsize=1024)
def _compiled(source: str, is_html: bool) -> Compiled:
    template = _parsed(source, is_html=is_html)
    return _plain(template, is_html) or _run(template)


def _plain(template: BoundTemplate, is_html: bool) -> Compiled | None:
    """Most texts only name values: those are joined, seven times as fast as they are run, to the same text."""
    parts: list[tuple[str, bool]] = []  # a text, or a name
    for node in template.nodes:
        if isinstance(node, ContentNode):
            parts.append((node.text, False))
        elif isinstance(node, OutputNode) and (name := _name_in(node.expression)):
            parts.append((name, True))
        else:
            return None

    def joined(values: Values) -> str:
        return "".join([to_liquid_string(values[text], autoescape=is_html) if is_name else text for text, is_name in parts])

    return joined


def _name_in(expression: Any) -> str | None:
    if isinstance(expression, FilteredExpression) and not expression.filters and isinstance(expression.left, Path):
        match expression.left.path:
            case [str() as name]:
                return name
    return None


def _run(template: BoundTemplate) -> Compiled:
    def run(values: Values) -> str:
        try:
            return template.render(values)
        except ResourceLimitError as long:
            raise BadTemplate(
                f"The template was stopped: {long.message}.", "Make it shorter.", code="template_too_long"
            ) from long
        except Exception as failed:  # whatever a text and a value do to each other concerns this message alone
            says = failed.message if isinstance(failed, LiquidError) else failed
            raise BadTemplate(f"The template failed: {says}.", "Look at its preview.", code="template_failed") from failed

    return run
