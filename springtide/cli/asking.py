"""`springtide ask`: a question about behaviour, over the home's facts or over a file of events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

import springtide
from springtide.cli.options import as_json, home_path, say, show
from springtide.home import Home
from springtide.kernel.errors import BadInput

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("question_file", type=FILE, required=False, metavar="[QUESTION]")
@click.option("--question", "given", type=FILE, help="The same as the argument: the file of the question.")
@click.option("--events", type=FILE, help="Ask a CSV, JSON, NDJSON or Parquet file of events instead of the home.")
@click.option("--users", "users_file", type=FILE, help="A JSON file of the users' properties, beside --events.")
@click.option("--aliases", "aliases_file", type=FILE, help="A JSON file from id to user, merged first, beside --events.")
@as_json
@home_path
def ask(
    home: Path,
    question_file: Path | None,
    given: Path | None,
    events: Path | None,
    users_file: Path | None,
    aliases_file: Path | None,
    wants_json: bool,
) -> None:
    """Answer the question in a JSON file: retention, funnels, lifecycle, trends, paths and more.

    docs/reference/questions.md has every kind with its keys.
    """
    path = given or question_file
    if path is None:
        raise BadInput("There is no question.", "Name a JSON file, such as: springtide ask question.json", code="no_question")
    question = _read(path)
    if events is None and (users_file or aliases_file):
        raise BadInput("Users and aliases belong to a file of events.", "Name it with --events.", code="no_events")
    if events is None:
        found = Home(home).ask(question)
    else:
        users, aliases = (_read(one) if one else None for one in (users_file, aliases_file))
        found = springtide.ask(question, events=events, users=users, aliases=aliases)
    if wants_json:
        say(found)
    else:
        _tell(found)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as missing:
        raise BadInput(f"There is no file {path}.", "Name a JSON file.", code="no_file") from missing
    except ValueError as bad:
        raise BadInput(f"{path.name} is not JSON: {bad}.", "Write the question as a JSON object.", code="bad_file") from bad


def _tell(found: dict[str, Any]) -> None:
    """An answer as tables: lists that run over the same periods stand beside each other, the rest one below the other."""
    lists = {key: value for key, value in found.items() if isinstance(value, list)}
    plain = {key: value for key, value in found.items() if not isinstance(value, list | dict)}
    if "matrix" in lists:
        rows: Iterable[Sequence[object]] = (
            (cohort, *(users if known else "" for users, known in zip(cells, knowns, strict=True)))
            for cohort, cells, knowns in zip(found["cohorts"], found["matrix"], found["complete"], strict=True)
        )
        show("Retention", ("cohort", *map(str, range(len(found["matrix"][0])))), rows)
        lists = {}
    if "series" in lists and "periods" in lists:
        lists |= {f"series {number}": values for number, values in enumerate(lists.pop("series"), 1)}
    for length in dict.fromkeys(len(value) for value in lists.values()):
        beside = [key for key, value in lists.items() if len(value) == length]
        show(", ".join(beside), beside, list(zip(*(lists[key] for key in beside), strict=True)))
    for key, value in found.items():
        if isinstance(value, dict):
            show(key, ("", key), [(name, json.dumps(one, ensure_ascii=False)) for name, one in value.items()])
    for key, value in plain.items():
        click.echo(f"{key}: {value}")


COMMANDS = (ask,)
