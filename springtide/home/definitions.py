"""What people put in force on screen, as files of the home: `definitions/<kind>/<key>.yml`. The close and notebooks read these.

A file holds `key`, `version` and `title`, and beside them whatever a definition of its kind says. The record of who wrote and
approved it stands in the operational database; what is in force is what the file says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from springtide.kernel.errors import BadInput

HEAD = ("key", "version", "title")  # what every file has; a body that has a title of its own brings it in its own form


@dataclass(frozen=True)
class Published:
    """A definition in force. `body`: what its kind makes of it, JSON-able."""

    key: str
    version: int
    title: str
    body: Mapping[str, Any]


def definition_path(home: Path, kind: str, key: str) -> Path:
    """Where the definition in force lies, if there is one."""
    return home / "definitions" / kind / f"{key}.yml"


def published(home: Path, kind: str) -> dict[str, Published]:
    """Every definition of a kind that is in force, by key.

    refuses    bad_definition    a file that is not YAML, or lacks its key, version or title
    """
    folder = home / "definitions" / kind
    return {file.stem: read_published(file) for file in sorted(folder.glob("*.yml"))}


def read_published(file: Path) -> Published:
    """The definition that one file holds.

    refuses    bad_definition    it is not YAML, or lacks its key, version or title
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as bad:
        raise _bad(file, f"cannot be read: {' '.join(str(bad).split())}", "Write it as YAML, in UTF-8.") from bad
    if not isinstance(content, dict) or (lacking := [name for name in HEAD if name not in content]):
        raise _bad(
            file, f"lacks {lacking[0] if isinstance(content, dict) else 'everything'}", f"Write {', '.join(HEAD)} first."
        )
    if content["key"] != file.stem:
        raise _bad(file, f"has the key {content['key']!r}", f"Write 'key: {file.stem}', or rename the file.")
    version, title = content["version"], content["title"]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise _bad(file, f"has the version {version!r}", "Versions are whole numbers from 1.")
    body = {
        name: value for name, value in content.items() if name not in HEAD or (name == "title" and not isinstance(title, str))
    }
    return Published(file.stem, version, title if isinstance(title, str) else str(title.get("en", file.stem)), body)


def write_published(home: Path, kind: str, definition: Published, *, stamp: str) -> Path:
    """Put a definition in force: its file stands there whole, or the one before it does. `stamp`: a first line for people."""
    path = definition_path(home, kind, definition.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"key": definition.key, "version": definition.version, "title": definition.title, **definition.body}
    text = f"# {stamp}\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with half.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    return path


def withdraw_published(home: Path, kind: str, key: str) -> None:
    """Take a definition out of force: what is shipped under its key, if anything, is in force again."""
    definition_path(home, kind, key).unlink(missing_ok=True)


def _bad(file: Path, what: str, hint: str) -> BadInput:
    return BadInput(f"{file} {what}.", hint, code="bad_definition")
