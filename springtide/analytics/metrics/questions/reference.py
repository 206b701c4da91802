"""The reference page of questions, made from the keys that every kind declares."""

from __future__ import annotations

from collections.abc import Iterable

from springtide.analytics.metrics.questions.ask import KINDS, kind_of
from springtide.analytics.metrics.questions.form import Key
from springtide.analytics.metrics.questions.lake_events import FACTS

HEAD = """# Questions

<!-- Made by ./run docs from springtide/analytics/metrics/questions; do not edit. -->

A question about behaviour is a JSON object with a `kind` and the keys of that kind. The same form is asked on screen, by
`springtide ask question.json`, in Python (`home.ask(question)`, `springtide.ask(question, events=…)`) and of a saved question.
[How to ask](../how-to/ask.md) shows it; [what questions mean](../explanation/questions.md) says why they count as they do.

## What all questions share

**Event**: `[user, event, time with offset, {properties}]`, or an object with the keys user, event, time, properties. A file is CSV,
JSON, NDJSON or Parquet; its other columns are properties. Events need not be sorted; those of one instant keep the order they came in.

**Matcher**: `{"event": name | [names] | null, "where": [{"prop", "op", "value", "scope"}]}`. `null` is any event; a bare name is
short for the object. `op` is `eq`, `neq`, `in`, `is_set` or `contains`; `scope` is `event` or `user`. Values are compared by their
texts: 5, 5.0 and "5" are alike. `neq` holds where nothing is set.

**Properties of users** (`"scope": "user"`) are, over the lake, the columns of [profiles](profiles.md) and the stratifications as of now
(`lifecycle`, or `lifecycle@now`), or as of the day of the event: `lifecycle@start`.

**Dates** are local to `tz`; a bare date as an end means its last instant. They lie between 2000 and 2099.

**`everyone`**: `true` counts employees, tests and market makers too, who are outside every question otherwise.

**Refusals** have a code, what was seen and what is allowed: an unknown key, kind, event, property or zone, an empty range, a window
that is not longer than 0, more than 5,000 periods, more than 1,000 groups.
"""


def questions_page() -> str:
    """Every kind with its keys, and the events of the lake with their properties."""
    lines = [HEAD, "## Events of the lake", "", *_events(), ""]
    for name in KINDS:
        kind = kind_of(name)
        lines += [f"## {name}", "", kind.asks, "", "| key | | left out |", "| --- | --- | --- |"]
        lines += [f"| `{key.name}` | {_cell(key.about)} | {_cell(key.default) or 'must be given'} |" for key in kind.keys]
        lines += ["", "It answers with:", "", *_told(kind.tells), ""]
    return "\n".join(lines).rstrip() + "\n"


def _events() -> Iterable[str]:
    yield "Whatever came in `events` is an event of its name, with the keys of its JSON as properties. Given aggregates of a product of"
    yield "its own are events of the product's name. A fact that has a day and no time happens when the day begins in the reporting zone."
    yield ""
    yield "| event | from | properties |"
    yield "| --- | --- | --- |"
    for fact in FACTS:
        table = {"liquidation_orders": "contract_trades", "given_user_days": "given aggregates"}.get(fact.table, fact.table)
        yield f"| `{fact.event}` | {table} | {', '.join(f'`{column}`' for column in fact.columns)} |"


def _told(keys: Iterable[Key]) -> Iterable[str]:
    return (f"- `{key.name}`: {key.about}" for key in keys)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
