"""`springtide segment …`: the named groups of users, as a person or a script asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
import yaml

from springtide.cli.options import DAY, as_json, say, show, with_home
from springtide.home import Home
from springtide.home.lists import ids_in
from springtide.kernel import clock
from springtide.kernel.errors import BadInput

if TYPE_CHECKING:
    from springtide.operations.definitions.reads import DefinitionSeen


@click.group()
def segment() -> None:
    """Named groups of users: a text over columns, strata and what users did."""


@segment.command(name="list")
@as_json
@with_home
def list_(home: Home, wants_json: bool) -> None:
    """Every segment in force: its size, and who entered and left on the last closed day."""
    found = home.segments()
    if wants_json:
        say(found.as_dict())
        return
    rows = [(row.key, row.title, row.users, row.entered, row.left, row.reason or row.text) for row in found.rows]
    show(f"Segments as of {found.as_of or '–'}", ("segment", "title", "users", "entered", "left", "says"), rows)


@segment.command(name="show")
@click.argument("key")
@as_json
@with_home
def show_(home: Home, key: str, wants_json: bool) -> None:
    """One segment by day: who entered, who left, who was in it."""
    found = home.segment_days(key)
    if wants_json:
        say(found.as_dict())
    else:
        rows = [(row.day, row.entered, row.left, row.users) for row in found.rows]
        show(f"Segment {key}", ("day", "entered", "left", "users"), rows)


@segment.command()
@click.argument("text")
@click.option("--on", "day", type=DAY, help="A kept day; by default the last closed one.")
@as_json
@with_home
def size(home: Home, text: str, day: Any, wants_json: bool) -> None:
    """How many users TEXT takes, such as "times('traded_spot', days => 30) >= 3 and not segment('vips')"."""
    found = home.segment_size(text, as_of=day)
    if wants_json:
        say(found.as_dict())
    else:
        click.echo(f"{found.users:,} of {found.of:,} users as of {found.as_of}")


@segment.command()
@click.argument("key")
@click.option("--limit", type=click.IntRange(0, 100_000), default=20, show_default=True)
@as_json
@with_home
def members(home: Home, key: str, limit: int, wants_json: bool) -> None:
    """The users who are in a segment as of the last closed day."""
    found = home.segment_members(key, limit=limit)
    if wants_json:
        say(found.as_dict())
    else:
        show(f"{found.total:,} users in {key} as of {found.as_of}", found.columns, found.rows)


@segment.command()
@click.argument("left")
@click.argument("right")
@as_json
@with_home
def overlap(home: Home, left: str, right: str, wants_json: bool) -> None:
    """Two segments beside each other: users in both, and in one alone."""
    found = home.segment_overlap(left, right)
    if wants_json:
        say(found.as_dict())
    else:
        rows = [(left, found.left_users, found.left_alone), (right, found.right_users, found.right_alone)]
        show(f"{found.both:,} users in both as of {found.as_of}", ("segment", "users", "in no other"), rows)


@segment.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@with_home
def publish(home: Home, file: Path, wants_json: bool) -> None:
    """Put the segment that a YAML FILE holds in force: key, title, and a text or a select. The next close tells its members."""
    from springtide.desk.serve import prepare  # Django is not every command's business

    key, title, body = _read(file)
    prepare(home.path)
    made = _published("segment", key, title, body)
    size = home.segment_size(body["text"]) if "text" in body and home.kept_days() else None
    if wants_json:
        say({"key": key, "version": made.version, "content_hash": made.content_hash, "users": size and size.users})
    else:
        click.echo(
            f"Published {key}, version {made.version}" + (f": {size.users:,} users as of {size.as_of}." if size else ".")
        )


@segment.command()
@click.argument("key")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--suppression", is_flag=True, help="Users who shall be left out, not a list to work.")
@as_json
@with_home
def bring(home: Home, key: str, file: TextIO, suppression: bool, wants_json: bool) -> None:
    """Bring the ids in FILE (- reads them from the pipe) as a list and a segment of it. Ids that no user has are given back."""
    from springtide.desk.serve import prepare  # Django is not every command's business

    purpose, word = ("suppression", "suppressed") if suppression else ("list", "in_list")
    kept = home.keep_ids(ids_in(file.read()), purpose=purpose)
    prepare(home.path)
    _published("id_list", key, key, kept.body)
    _published("segment", key, key, {"text": f"{word}('{key}')"})
    if wants_json:
        say({"key": key, "users": kept.users, "unmatched": list(kept.unmatched)})
        return
    click.echo(f"{key} holds {kept.users:,} users.")
    if kept.unmatched:
        show("Ids that no user has", ("id",), [(one,) for one in kept.unmatched])


def _published(kind: str, key: str, title: str, body: dict[str, Any]) -> DefinitionSeen:
    from springtide.operations.definitions import reads
    from springtide.operations.definitions.actions import publish_definition

    standing = reads.draft(kind, key) or reads.in_force(kind, key)
    seen = standing.content_hash if standing else ""
    publish_definition(kind, key, title=title, body=body, acting=None, now=clock.now(), seen=seen)
    return reads.definition(kind, key)


def _read(file: Path) -> tuple[str, str, dict[str, Any]]:
    """refuses    bad_definition    no file there, no YAML, no key"""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as bad:
        raise BadInput(
            f"{file} cannot be read: {' '.join(str(bad).split())}", "Write YAML: key, title, text.", code="bad_definition"
        ) from bad
    if not isinstance(content, dict) or not isinstance(content.get("key"), str):
        raise BadInput(f"{file} names no key.", "Write 'key: big_and_silent' first.", code="bad_definition")
    body = {name: value for name, value in content.items() if name not in ("key", "title", "version")}
    return content["key"], str(content.get("title") or content["key"]), body


COMMANDS = (segment,)
